// Not waiting longer than so long.

/** Resolves when the other does, or after `ms`; rejects with it. */
export async function within(ms: number, other: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([other, late]);
  } finally {
    clearTimeout(timer);
  }
}
