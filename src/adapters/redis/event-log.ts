// The event log on Redis: every transition is one call of append.lua; the view answers the reads.
import type { LedgerRecord } from '../../domain/evidence.js';
import { isTerminal } from '../../domain/job.js';
import { upkeepAt } from '../../domain/upkeep.js';
import type { AppendResult, EventLog, Transition } from '../../ports/event-log.js';
import { parseClaimToken } from './claim-token.js';
import type { Connection } from './connection.js';
import { listJobs } from './job-pages.js';
import { FLEET_LENGTH, type Keys } from './keys.js';
import { asList, asOptionalText, asText } from './reply.js';
import { runScript } from './scripts.js';
import { parseStored, storedJob, VIEW_FIELDS } from './view.js';

/** The event log below `keys`; what it throws is what `connection` explains. */
export function createEventLog(connection: Connection, keys: Keys, maxPerRepo: number): EventLog {
  return {
    async append(transition) {
      const scriptKeys = appendKeys(keys, transition);
      const reply = await connection.ask((redis, resent) =>
        runScript(redis, 'append', scriptKeys, appendArguments(keys, maxPerRepo, transition, resent)),
      );
      return appendResult(asList(reply));
    },

    async load(jobId) {
      const fields = await connection.ask((redis) => redis.hmget(keys.view(jobId), ...VIEW_FIELDS));
      return storedJob(jobId, fields);
    },

    async read(jobId) {
      const lines = await connection.ask((redis) => redis.lrange(keys.ledger(jobId), 0, -1));
      return lines.map((line): LedgerRecord => parseStored(line, `the ledger of job ${jobId}`));
    },

    async answer(jobId) {
      return asOptionalText(await connection.ask((redis) => redis.get(keys.answer(jobId))));
    },

    list: (query) => listJobs(connection, keys, query),

    count: (status) => connection.ask((redis) => redis.zcard(keys.index(status))),

    async upkeepDue(now, limit) {
      if (limit < 1) return [];
      return connection.ask((redis) => redis.zrangebyscore(keys.upkeep, '-inf', now, 'LIMIT', 0, limit));
    },

    async putOffUpkeep(jobId, now, at) {
      await connection.ask((redis) => runScript(redis, 'put-off', [keys.upkeep], [jobId, now, at]));
    },

    async remove(jobId) {
      await connection.ask(async (redis) => {
        const lane = (await redis.hget(keys.view(jobId), 'lane')) ?? '';
        const owned = [keys.ledger, keys.view, keys.answer, keys.feed, keys.whole].map((key) => key(jobId));
        const all = [
          ...owned,
          keys.lane(lane),
          keys.dead,
          keys.jobs,
          keys.delayed,
          keys.upkeep,
          ...keys.indices,
        ];
        return runScript(redis, 'remove', all, [jobId, keys.jobBell(jobId), keys.prefix, maxPerRepo]);
      });
    },
  };
}

function appendKeys(keys: Keys, { jobId, before, after, idempotency }: Transition): string[] {
  const { status, order } = after.job;
  const ofJob = [keys.ledger(jobId), keys.view(jobId), keys.answer(jobId), keys.feed(jobId)];
  const ofAll = [keys.fleet, keys.jobs, keys.delayed, keys.lane(order.lane)];
  const indices =
    before === status
      ? [keys.prefix, keys.prefix]
      : [keys.index(status), before ? keys.index(before) : keys.prefix];
  return [...ofJob, ...ofAll, keys.idempotency(idempotency?.key ?? ''), keys.dead, keys.upkeep, ...indices];
}

function appendArguments(
  keys: Keys,
  maxPerRepo: number,
  transition: Transition,
  resent: boolean,
): (string | number)[] {
  const { jobId, expectedVersion, before, placement, answer, idempotency, deadLetter } = transition;
  const { job, head } = transition.after;
  const { order, ...state } = job;
  const claim = transition.claim === undefined ? undefined : parseClaimToken(transition.claim);
  return [
    jobId,
    expectedVersion,
    resent ? '1' : '',
    job.status,
    job.createdAt,
    job.attempt,
    head,
    order.lane,
    expectedVersion === 0 ? JSON.stringify(order) : '',
    JSON.stringify(state),
    placement.kind,
    placement.kind === 'delay' ? placement.until : '',
    keys.prefix,
    maxPerRepo,
    placement.kind === 'enqueue' && maxPerRepo > 0 ? (placement.repo ?? '') : '',
    answer === undefined ? '' : '1',
    answer ?? '',
    idempotency?.digest ?? '',
    idempotency?.ttlMs ?? '',
    deadLetter,
    job.code ?? '',
    job.error ?? '',
    claim?.entryId ?? '',
    claim?.worker ?? '',
    claim?.deliveries ?? '',
    keys.jobBell(jobId),
    keys.fleetBell,
    FLEET_LENGTH,
    upkeepAt(job) ?? '',
    before !== undefined && isTerminal(before) ? '1' : '',
    ...transition.records.flatMap((record) => recordArguments(jobId, record)),
  ];
}

/** In the fleet stream each record names its job; the first one does so by itself. */
function recordArguments(jobId: string, record: LedgerRecord): [string, string, string] {
  const line = JSON.stringify(record);
  return [record.type, line, 'jobId' in record ? '' : JSON.stringify({ jobId, ...record })];
}

function appendResult([kind, jobId, digest]: readonly unknown[]): AppendResult {
  switch (kind) {
    case 'appended':
    case 'conflict':
    case 'unclaimed':
      return { kind };
    case 'duplicate':
      return { kind, jobId: asText(jobId), digest: asText(digest) };
    default:
      throw new Error(`append.lua answered ${String(kind)}`);
  }
}
