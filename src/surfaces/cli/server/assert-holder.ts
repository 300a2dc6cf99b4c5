// A file bus is in the hands of one process. Whoever cannot have it asks that one, and no other that happens to answer.
import { AgenticoreError } from '../../../domain/errors.js';
import type { HttpClient } from './http-client.js';
import { textAt } from './json-fields.js';

/**
 * `holder`: what the process calls itself that has the bus; a lock of an earlier build does not tell. Throws BUS_LOCKED
 * when the server is another, and what asking it throws.
 */
export async function assertHolder(http: HttpClient, holder: string | undefined): Promise<void> {
  if (holder === undefined) return;
  const asked = textAt(await http.json('/health'), 'worker');
  if (asked === holder) return;
  const why = `The process that has this bus is ${holder}, and the server at ${http.url} is ${asked ?? 'another'}; nothing was changed.`;
  throw new AgenticoreError('BUS_LOCKED', `${why} Set AGENTICORE_URL to the address of the one that has it.`);
}
