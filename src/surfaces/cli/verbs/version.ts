// `agenticore version`: this program's version, and the server's when there is one.
import { isCode } from '../../../domain/errors.js';
import type { AddressFlags, CliContext } from '../cli-context.js';
import { createHttpClient, type HttpClient } from '../server/http-client.js';
import { textAt } from '../server/json-fields.js';
import { oneLine } from '../terminal/printable.js';

interface VersionFlags extends AddressFlags {
  readonly json?: boolean | undefined;
}

/** A version is not worth a long wait. */
const PATIENCE_MS = 3_000;

export async function version(cli: CliContext, flags: VersionFlags): Promise<number> {
  const http = createHttpClient(await cli.address(flags));
  const server = await serverVersion(http);
  if (flags.json)
    cli.terminal.print(
      JSON.stringify({ client: cli.version, server: server ?? null, node: process.version }),
    );
  else {
    cli.terminal.print(`agenticore ${cli.version} (node ${process.version})`);
    cli.terminal.print(
      server === undefined ? `no server answers at ${http.url}` : `server ${oneLine(server)} at ${http.url}`,
    );
  }
  return 0;
}

async function serverVersion(http: HttpClient): Promise<string | undefined> {
  try {
    return textAt(await http.json('/health', { timeoutMs: PATIENCE_MS }), 'version') ?? 'of unknown version';
  } catch (error) {
    if (isCode(error, 'SERVER_UNREACHABLE')) return undefined;
    throw error;
  }
}
