// MCP on standard input and output where another process has the bus: every message goes to that server and back.
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  InitializeResultSchema,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js';
import { messageOf } from '../../../domain/errors.js';
import type { Log } from '../../../ports/log.js';
import { createOpenRequests } from '../open-requests.js';
import { type Stdio, untilEnded } from './serve-stdio.js';

/** The SDK's own code for a transport that failed. */
const CONNECTION_CLOSED = -32000;

export interface ServerAddress {
  readonly url: string;
  readonly apiKey?: string | undefined;
}

/** Relays until the client ends our input. */
export async function relayStdio(
  { url, apiKey }: ServerAddress,
  { stdin, stdout }: Stdio,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const client = new StdioServerTransport(stdin, stdout);
  const server = new StreamableHTTPClientTransport(new URL('mcp', `${url.replace(/\/$/, '')}/`), {
    requestInit: { headers: apiKey === undefined ? {} : { 'X-Api-Key': apiKey } },
  });
  const requests = createOpenRequests();

  const tell = (message: JSONRPCMessage): void => {
    void client.send(message);
    requests.told(message);
  };

  client.onmessage = (message) => {
    requests.heard(message);
    server.send(message).catch((error: unknown) => {
      log('stdio.relay_failed', { url, error: messageOf(error) }, 'warn');
      if (!isJSONRPCRequest(message)) return;
      const why = `The agenticore server at ${url} did not take this: ${messageOf(error)}`;
      tell({ jsonrpc: '2.0', id: message.id, error: { code: CONNECTION_CLOSED, message: why } });
    });
  };
  server.onmessage = (message) => {
    // What the two have agreed on must stand in every later request.
    const agreed = isJSONRPCResultResponse(message) && InitializeResultSchema.safeParse(message.result).data;
    if (agreed) server.setProtocolVersion(agreed.protocolVersion);
    tell(message);
  };
  server.onerror = (error) => log('stdio.relay_error', { url, error: error.message }, 'debug');

  await server.start();
  await client.start();
  log('stdio.relaying', { url });
  await untilEnded(stdin, signal);
  await requests.answered();
  await server.terminateSession().catch(() => {}); // it ends by itself
  await Promise.all([server.close(), client.close()]);
}
