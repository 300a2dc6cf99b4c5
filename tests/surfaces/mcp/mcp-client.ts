// The official SDK's client at a test server, over each transport.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { Json } from '../http/test-server.js';

export type TransportName = 'http' | 'sse';
export const TRANSPORTS: readonly TransportName[] = ['http', 'sse'];

interface Scope {
  after(done: () => Promise<void>): void;
}

export interface Wishes {
  readonly over?: TransportName;
  readonly headers?: Record<string, string>;
  readonly fetch?: typeof globalThis.fetch;
}

/** A client that has met the server; it leaves when the test is over. */
export async function connectClient(
  t: Scope,
  url: string,
  { over = 'http', headers = {}, fetch = globalThis.fetch }: Wishes = {},
): Promise<Client> {
  const client = new Client({ name: 'test', version: '0' });
  t.after(() => client.close());
  await client.connect(transportTo(url, { over, headers, fetch }));
  return client;
}

function transportTo(url: string, { over, headers, fetch }: Required<Wishes>): Transport {
  const requestInit = { headers };
  return over === 'http'
    ? (new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit, fetch }) as Transport)
    : new SSEClientTransport(new URL('/sse', url), {
        requestInit,
        eventSourceInit: {
          fetch: (at, init) => fetch(at, { ...init, headers: { ...init.headers, ...headers } }),
        },
      });
}

/** What a tool answers: the same as structure and as text, unless it failed. */
export async function call(client: Client, name: string, args: Json = {}): Promise<Json> {
  return answerOf((await client.callTool({ name, arguments: args })) as CallToolResult);
}

export function answerOf({ content, structuredContent, isError }: CallToolResult): Json {
  const [first] = content;
  const text = first?.type === 'text' ? JSON.parse(first.text) : undefined;
  if (isError) return text;
  if (JSON.stringify(text) !== JSON.stringify(structuredContent))
    throw new Error('text and structure differ');
  return text;
}
