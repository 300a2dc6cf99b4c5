// A request as the fuzz writes it: every byte of it is chosen, and it can be printed and sent again.

export interface FuzzRequest {
  readonly method: string;
  /** Path and query as they stand in the request line; `KNOWN<n>` stands for the id of a job that is there. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** One character for each byte. */
  readonly body: string;
  readonly way: Way;
}

/**
 * How the client behaves: reads the answer; sends in pieces; breaks off in the middle and waits, or hangs up; hangs up
 * without reading.
 */
export type Way = 'reads' | 'drips' | 'stops' | 'breaks-off' | 'leaves';

/** The path, without the query; a proxy would name the server before it. */
export const pathOf = ({ target }: FuzzRequest): string =>
  target.replace(/^https?:\/\/[^/?]*/i, '').split('?')[0] ?? '';

/** The request on the wire. A body without a length of its own gets the one that it has. */
export function bytesOf({ method, target, headers, body }: FuzzRequest): Buffer {
  const names = headers.map(([name]) => name.toLowerCase());
  const framed = names.includes('content-length') || names.includes('transfer-encoding');
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...(names.includes('host') ? [] : ['Host: localhost']),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(framed || body === '' ? [] : [`Content-Length: ${body.length}`]),
    'Connection: close',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

/** Text as one character for each of its bytes; a lone surrogate becomes what UTF-8 makes of it. */
export const asBytes = (text: string): string => Buffer.from(text).toString('latin1');
