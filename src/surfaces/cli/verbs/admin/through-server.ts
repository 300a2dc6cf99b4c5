// What the desk cannot do to a file bus, because a server has it in its hands, that server does.
import { isCode } from '../../../../domain/errors.js';
import type { CliContext } from '../../cli-context.js';
import { assertHolder } from '../../server/assert-holder.js';
import { createHttpClient, type HttpClient } from '../../server/http-client.js';

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
  await assertHolder(http, await cli.busHolder());
  return ask(http);
}
