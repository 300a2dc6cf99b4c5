// Times, ages, money and sizes in the few characters a line has for them.

/** `42s`, `3m 07s`, `2h 05m`, `4d 3h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${two(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d ${Math.floor(seconds / 3600) % 24}h`;
}

/** The largest unit only: `42s`, `3m`, `2h`, `4d`. */
export const formatAge = (ms: number): string => formatDuration(ms).split(' ')[0] ?? '';

/** Dollars, small amounts with four digits: `$1.20`, `$0.0312`. */
export const formatCost = (usd: number): string =>
  `$${usd > 0 && usd < 0.1 ? usd.toFixed(4) : usd.toFixed(2)}`;

/** `512 B`, `64.0 KiB`, `20.0 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

/** `1 turn`, `3 turns`. */
export const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Milliseconds of an ISO time; undefined when it is none. */
export function timeOf(iso: string | undefined): number | undefined {
  const ms = iso === undefined ? Number.NaN : Date.parse(iso);
  return Number.isNaN(ms) ? undefined : ms;
}
