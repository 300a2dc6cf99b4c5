// Reads the stream of a chat completion and notes when each piece of content came.
export interface Arrival {
  readonly text: string;
  /** By the clock that all processes of the machine share, milliseconds. */
  readonly at: number;
}

export const sharedNow = (): number => performance.timeOrigin + performance.now();

/** The pieces of the answer to `messages`, each with its time. Throws when the server answers anything but a stream. */
export async function readStream(
  url: string,
  messages: readonly object[],
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly Arrival[]> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'agenticore-agent', stream: true, messages }),
  });
  if (!response.ok || response.body === null) throw new Error(`${response.status}: ${await response.text()}`);
  const arrivals: Arrival[] = [];
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const at = sharedNow();
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const text = contentOf(line);
      if (text !== '') arrivals.push({ text, at });
    }
  }
  return arrivals;
}

function contentOf(line: string): string {
  if (!line.startsWith('data: {')) return '';
  const chunk = JSON.parse(line.slice(6));
  if (chunk.error !== undefined) throw new Error(`the stream failed: ${line}`);
  return chunk.choices?.[0]?.delta?.content ?? '';
}
