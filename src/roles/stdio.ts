// What is different where an MCP client has started us and speaks to us on standard input and output.
import { isCode } from '../domain/errors.js';
import type { Log } from '../ports/log.js';
import type { Config } from '../runtime/config/config.js';
import type { Service } from '../runtime/supervise.js';
import { assertHolder } from '../surfaces/cli/server/assert-holder.js';
import { createHttpClient } from '../surfaces/cli/server/http-client.js';
import type { McpDeps } from '../surfaces/mcp/mcp-deps.js';

const isStdio = ({ server }: Config): boolean => server.transport === 'stdio';

/** In a fleet on Redis others do the work: a client that comes and goes takes no job with it. */
export function asServed(config: Config): Config {
  if (!isStdio(config) || config.redis.url === undefined) return config;
  return { ...config, server: { ...config.server, roles: ['ingress', 'gateway'] } };
}

/** Undefined where another process has the bus, and the client can be taken there. Throws BUS_LOCKED where it cannot. */
export const unlessServed =
  (config: Config) =>
  (error: unknown): undefined => {
    if (!isStdio(config) || !isCode(error, 'BUS_LOCKED')) throw error;
  };

/** Takes the client to the server that has the bus, until either leaves. Throws BUS_LOCKED when another is at the address. */
export async function relay({ client, home }: Config, log: Log): Promise<number> {
  const { ownerOfFileBus } = await import('../adapters/file/open-file-bus.js');
  const holder = (await ownerOfFileBus(home))?.name;
  await assertHolder(createHttpClient({ url: client.url, apiKey: client.apiKey }), holder).catch(
    (error: unknown) => {
      if (isCode(error, 'BUS_LOCKED')) throw error; // what else is wrong there each message is told
    },
  );
  const { relayStdio } = await import('../surfaces/mcp/stdio/relay-stdio.js');
  const leave = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => leave.abort());
  await relayStdio(client, process, log, leave.signal);
  return 0;
}

/** Serves the client; ends, and with it the process, when the client does. */
export const stdioService = (deps: McpDeps, leave: () => void): Service => ({
  name: 'stdio',
  async run(signal) {
    const { serveStdio } = await import('../surfaces/mcp/stdio/serve-stdio.js');
    await serveStdio(deps, process, leave, signal);
  },
});
