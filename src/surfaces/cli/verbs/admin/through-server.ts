// What the desk cannot do to a file bus, because a server has it in its hands, that server does.
import { AgenticoreError, isCode } from '../../../../domain/errors.js';
import type { CliContext } from '../../cli-context.js';
import { createHttpClient, type HttpClient } from '../../server/http-client.js';
import { textAt } from '../../server/json-fields.js';

/**
 * Asks the server instead when `error` is that the bus is in other hands. Throws the error when it is another, what
 * `ask` throws, SERVER_UNREACHABLE, and BUS_LOCKED when the server at the address is not the one that has the bus.
 */
export async function throughServer<T>(
  cli: CliContext,
  error: unknown,
  ask: (http: HttpClient) => Promise<T>,
): Promise<T> {
  if (!isCode(error, 'BUS_LOCKED')) throw error;
  const http = createHttpClient(await cli.address({}));
  const holder = await cli.busHolder();
  const asked = textAt(await http.json('/health'), 'worker');
  if (holder !== undefined && asked !== holder) {
    const why = `The process that has this bus is ${holder}, and the server at ${http.url} is ${asked ?? 'another'}; nothing was changed.`;
    throw new AgenticoreError(
      'BUS_LOCKED',
      `${why} Set AGENTICORE_URL to the address of the one that has it.`,
    );
  }
  return ask(http);
}
