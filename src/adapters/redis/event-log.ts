// The event log on Redis: transitions go through append.lua; reads fold the ledger.
import type { EventLog } from '../../ports/event-log.js';
import type { Log } from '../../ports/log.js';
import { type AppendOptions, createAppend } from './append.js';
import type { Connection } from './connection.js';
import { createUnreadable, listJobs } from './job-pages.js';
import type { Keys } from './keys.js';
import { ledgerLines, packedAnswer } from './ledger-lines.js';
import { asOptionalText } from './reply.js';
import { runScript } from './scripts.js';
import { ledgerRecords, readJob } from './stored.js';
import { createUpkeepNotes } from './upkeep-notes.js';
import { parseView } from './view.js';

/** The event log below `keys`; what it throws is what `connection` explains. */
export function createEventLog(
  connection: Connection,
  keys: Keys,
  options: AppendOptions,
  log: Log,
): EventLog {
  const unreadable = createUnreadable(log);
  return {
    append: createAppend(connection, keys, options),

    async taken(key) {
      const [, digest = '', jobId = ''] =
        /^(\S*) (.*)$/s.exec((await connection.ask((redis) => redis.get(keys.idempotency(key)))) ?? '') ?? [];
      return jobId === '' ? undefined : { jobId, digest };
    },

    load: (jobId) => connection.ask((redis) => readJob(redis, keys, jobId)),

    async read(jobId) {
      const lines = await connection.ask((redis) => ledgerLines(redis, keys, jobId));
      return ledgerRecords(jobId, lines);
    },

    async answer(jobId) {
      return connection.ask(
        async (redis) => (await redis.get(keys.answer(jobId))) ?? packedAnswer(redis, keys, jobId),
      );
    },

    async request(jobId) {
      return asOptionalText(await connection.ask((redis) => redis.get(keys.request(jobId))));
    },

    list: (query) => listJobs(connection, keys, query, unreadable),

    count: (status) => connection.ask((redis) => redis.zcount(keys.index(status), 0, '+inf')),

    ...createUpkeepNotes(connection, keys),

    async remove(jobId) {
      await connection.ask(async (redis) => {
        const { lane = '' } = parseView(await redis.get(keys.view(jobId)));
        const { ledger, view, answer, feed, whole, request } = keys;
        const owned = [ledger, view, answer, feed, whole, request].map((key) => key(jobId));
        const all = [
          ...owned,
          keys.lane(lane),
          keys.dead,
          keys.jobs,
          keys.delayed,
          keys.upkeep,
          keys.leases,
          keys.callbacks,
          ...keys.indices,
        ];
        return runScript(redis, 'remove', all, [jobId, keys.jobBell(jobId), keys.prefix, options.maxPerRepo]);
      });
    },
  };
}
