// MCP on standard input and output: one client, as long as it keeps our input open.
import type { Readable, Writable } from 'node:stream';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { McpDeps } from '../mcp-deps.js';
import { createOffer } from '../offer.js';
import { createMcpServer } from '../server.js';

export interface Stdio {
  readonly stdin: Readable;
  readonly stdout: Writable;
}

/** Name of a client that needed no key: it has started us. */
const CALLER = 'stdio';

/**
 * Serves the client until it ends our input or the signal aborts. `leave` is called before the last answers are given,
 * and lets those that wait come as things stand.
 */
export async function serveStdio(
  deps: McpDeps,
  { stdin, stdout }: Stdio,
  leave: () => void,
  signal: AbortSignal,
): Promise<void> {
  const server = createMcpServer(createOffer(deps), { caller: CALLER });
  await server.connect(new StdioServerTransport(stdin, stdout));
  await untilEnded(stdin, signal);
  leave();
  await server.answered();
  await server.close();
}

/** Resolves when nothing more is to be read, or when the signal aborts. */
export function untilEnded(stdin: Readable, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => resolve();
    if (signal?.aborted || stdin.readableEnded || stdin.destroyed) return done();
    signal?.addEventListener('abort', done, { once: true });
    stdin.once('end', done).once('close', done).once('error', done);
  });
}
