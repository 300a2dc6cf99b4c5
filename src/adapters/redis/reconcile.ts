// Setting right what is derived from the ledgers: job by job, and what belongs to no job at all.
import { isDeadLetter, JOB_STATUSES } from '../../domain/job.js';
import { repoOf } from '../../domain/placement.js';
import { upkeepAt } from '../../domain/upkeep.js';
import type { Custody, Stray } from '../../ports/custody.js';
import type { CustodyOptions } from './arrival.js';
import { asList, asNumber, asText } from './reply.js';
import { runScript } from './scripts.js';
import { createNoted, dueSecond } from './upkeep-notes.js';
import { parseView } from './view.js';

const PAGE = 500;
/** Where the indices of the statuses begin among the KEYS of reconcile.lua. */
const FIRST_INDEX = 13;

/** Custody.reconcile below `keys`. */
export function createReconcile({
  connection,
  keys,
  maxPerRepo,
  leaseMs,
}: CustodyOptions): Custody['reconcile'] {
  const isNoted = createNoted(connection, keys);
  return async (jobId, { job }, mend) => {
    const repo = maxPerRepo > 0 ? (repoOf(job) ?? '') : '';
    const ofJob = [
      keys.ledger(jobId),
      keys.view(jobId),
      keys.lane(job.order.lane),
      keys.delayed,
      keys.upkeep,
    ];
    const second = dueSecond(job);
    const held = repo === '' ? keys.prefix : keys.held(repo);
    const ofAll = [
      keys.dead,
      held,
      keys.jobs,
      keys.feed(jobId),
      keys.leases,
      keys.callbacks,
      second === undefined ? keys.prefix : keys.due(second),
      ...keys.indices,
    ];
    const args = [
      jobId,
      job.version,
      mend ? '1' : '',
      job.status,
      FIRST_INDEX + JOB_STATUSES.indexOf(job.status),
      job.createdAt,
      job.attempt,
      job.order.lane,
      job.nextAttemptAt ?? job.queuedSince,
      upkeepAt(job) ?? '',
      isDeadLetter(job) ? '1' : '',
      job.code ?? '',
      job.error ?? '',
      keys.prefix,
      maxPerRepo,
      repo,
      job.status === 'running' && job.direct ? leaseMs : '',
      job.callback?.dueAt ?? '',
      (await isNoted(second, jobId)) ? '1' : '',
    ];
    const reply = await connection.ask((redis) => runScript(redis, 'reconcile', [...ofJob, ...ofAll], args));
    return reply === 'changed' ? undefined : asList(reply).map(asText);
  };
}

/** Lane entries that no view names, in these lanes. */
export async function* strayEntries(
  { connection, keys }: CustodyOptions,
  lanes: readonly string[],
  mend: boolean,
): AsyncGenerator<Stray> {
  for (const name of lanes) {
    const lane = keys.lane(name);
    for (let from = '-'; ; ) {
      const start = from;
      const page = await connection.ask((redis) => redis.xrange(lane, start, '+', 'COUNT', PAGE));
      const views = await connection.ask((redis) =>
        Promise.all(page.map(([, fields]) => redis.get(keys.view(fields[1] ?? '')))),
      );
      for (const [position, [entryId, fields]] of page.entries()) {
        const jobId = fields[1] ?? '';
        if (parseView(views[position]).entry === entryId) continue;
        const both = [lane, keys.view(jobId)];
        const is = await connection.ask((redis) =>
          runScript(redis, 'stray', both, [entryId, mend ? '1' : '']),
        );
        if (asNumber(is) === 1) yield { jobId, what: `an entry of lane ${name} that is no job's` };
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      from = `(${last[0]}`;
    }
  }
}

/** Jobs of which there is no ledger, in the list of jobs, among the leases or the callbacks. */
export async function* ghosts(options: CustodyOptions): AsyncGenerator<Stray> {
  const { jobs, leases, callbacks } = options.keys;
  for await (const jobId of unledgered(options, jobs))
    yield { jobId, what: 'a place in the list of jobs, but no ledger' };
  for await (const jobId of unledgered(options, leases)) yield { jobId, what: 'a lease, but no ledger' };
  for await (const jobId of unledgered(options, callbacks))
    yield { jobId, what: 'a callback, but no ledger' };
}

async function* unledgered({ connection, keys }: CustodyOptions, zset: string): AsyncGenerator<string> {
  for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
    const from: string = cursor;
    const [next, found] = await connection.ask((redis) => redis.zscan(zset, from, 'COUNT', PAGE));
    const jobIds = found.filter((_, position) => position % 2 === 0);
    const there = await connection.ask((redis) =>
      Promise.all(jobIds.map((jobId) => redis.exists(keys.ledger(jobId)))),
    );
    for (const [position, jobId] of jobIds.entries()) if (there[position] === 0) yield jobId;
    cursor = next === '0' ? undefined : next;
  }
}
