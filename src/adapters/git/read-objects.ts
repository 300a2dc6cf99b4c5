// Reads raw objects of a mirror in batches, so that neither a process is started for each nor many are held in memory.
import type { WorkObject } from '../../ports/work.js';
import { localFailure } from './failure.js';
import type { Mirror } from './mirror.js';
import type { RunGit } from './run-git.js';

/** A larger object comes alone. */
const BATCH_BYTES = 4 * 1024 * 1024;
const LINE_BREAK = 0x0a;

export interface ObjectSource {
  readonly git: RunGit;
  readonly mirror: Mirror;
}

/** The objects in the order given; `sizes` has the bytes of each. Throws WORKSPACE_FAILED. */
export async function* readObjects(
  source: ObjectSource,
  oids: readonly string[],
  sizes: ReadonlyMap<string, number>,
  signal: AbortSignal,
): AsyncGenerator<WorkObject> {
  for (const batch of batches(oids, sizes)) yield* readBatch(source, batch, signal);
}

function* batches(oids: readonly string[], sizes: ReadonlyMap<string, number>): Generator<readonly string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const oid of oids) {
    const size = sizes.get(oid) ?? 0;
    if (batch.length > 0 && bytes + size > BATCH_BYTES) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(oid);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** Each object is `<id> <type> <bytes>`, a line break, its bytes, and a line break. */
async function* readBatch(
  { git, mirror }: ObjectSource,
  oids: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<WorkObject> {
  const input = oids.map((oid) => `${oid}\n`).join('');
  const maxBytes = Number.POSITIVE_INFINITY; // the sizes were added up
  const result = await git({ args: ['cat-file', '--batch'], place: mirror.place, input, signal, maxBytes });
  if (result.exitCode !== 0) throw localFailure('read the work', result);
  let at = 0;
  for (const oid of oids) {
    const start = result.stdout.indexOf(LINE_BREAK, at) + 1;
    const header = result.stdout.subarray(at, start).toString();
    const size = Number(/^[0-9a-f]+ \w+ (\d+)\n$/.exec(header)?.[1] ?? Number.NaN);
    if (!header.startsWith(oid) || Number.isNaN(size)) throw localFailure('read the work', result);
    yield { oid, bytes: result.stdout.subarray(start, start + size) };
    at = start + size + 1;
  }
}
