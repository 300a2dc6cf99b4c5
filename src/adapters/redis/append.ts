// Appends transitions through append.lua: those that are asked for in one tick go in one call.
import { ReplyError } from 'ioredis';
import { isTerminal, JOB_STATUSES, type JobStatus } from '../../domain/job.js';
import { upkeepAt } from '../../domain/upkeep.js';
import type { AppendResult, EventLog, Transition } from '../../ports/event-log.js';
import { parseClaimToken } from './claim-token.js';
import type { Connection } from './connection.js';
import { FLEET_LENGTH, type Keys } from './keys.js';
import { asList, asText } from './reply.js';
import { runScript } from './scripts.js';

/** Not all at once: while Redis carries out a call, the next one is being made. It also bounds how long a call takes. */
const MAX_TOGETHER = 25;
const MAX_CHARACTERS = 256 * 1024;

/** Where the indices of the statuses begin among the KEYS of append.lua. */
const FIRST_INDEX = 6;

interface Asked {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  settle(result: AppendResult): void;
  fail(error: unknown): void;
}

/** The `append` of the event log; what it throws is what `connection` explains. */
export function createAppend(connection: Connection, keys: Keys, maxPerRepo: number): EventLog['append'] {
  const sharedKeys = [keys.fleet, keys.jobs, keys.delayed, keys.dead, keys.upkeep, ...keys.indices];
  const settings = [keys.prefix, String(maxPerRepo), keys.fleetBell, String(FLEET_LENGTH)];
  const namesOfJobs = [keys.jobBell(''), ...[keys.ledger, keys.answer, keys.feed].map(behindView)];
  const sharedArguments = [...settings, ...namesOfJobs];
  let gathered: Asked[] = [];
  let characters = 0;

  /** What a key of a job has behind the key of its view. */
  function behindView(key: (jobId: string) => string): string {
    return key('').slice(keys.view('').length);
  }

  function flush(): void {
    const batch = gathered;
    gathered = [];
    characters = 0;
    if (batch.length > 0) void send(batch);
  }

  async function send(batch: readonly Asked[]): Promise<void> {
    const scriptKeys = [...sharedKeys, ...batch.flatMap((asked) => asked.keys)];
    const args = batch.flatMap((asked) => asked.args);
    try {
      const reply = await connection.ask((redis, resent) =>
        runScript(redis, 'append', scriptKeys, [resent ? '1' : '', ...sharedArguments, ...args]),
      );
      const results = asList(reply);
      for (const [nth, { settle, fail }] of batch.entries()) {
        const result = asList(results[nth]);
        if (result[0] === 'failed') fail(connection.explain(new ReplyError(asText(result[1]))));
        else settle(appendResult(result));
      }
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  }

  return (transition) =>
    new Promise((settle, fail) => {
      const args = argumentsOf(maxPerRepo, transition);
      if (gathered.length === 0) process.nextTick(flush);
      gathered.push({ keys: keysOf(keys, transition), args, settle, fail });
      characters += args.reduce((sum, argument) => sum + argument.length, 0);
      if (gathered.length >= MAX_TOGETHER || characters >= MAX_CHARACTERS) flush();
    });
}

function keysOf(keys: Keys, { jobId, after, idempotency }: Transition): readonly string[] {
  const view = keys.view(jobId);
  return [view, keys.lane(after.job.order.lane), idempotency ? keys.idempotency(idempotency.key) : view];
}

/** Which of the KEYS is the index of a status. */
const indexOf = (status: JobStatus | undefined): string =>
  status === undefined ? '' : String(FIRST_INDEX + JOB_STATUSES.indexOf(status));

function argumentsOf(maxPerRepo: number, transition: Transition): readonly string[] {
  const { jobId, expectedVersion, before, placement, records } = transition;
  const { job } = transition.after;
  const extras = extrasOf(maxPerRepo, transition);
  return [
    jobId,
    String(expectedVersion),
    job.status,
    String(job.createdAt),
    String(job.attempt),
    placement.kind,
    String(upkeepAt(job) ?? ''),
    ...(before === job.status ? ['', ''] : [indexOf(job.status), indexOf(before)]),
    String(records.length),
    String(extras.length / 2),
    ...records.flatMap((record) => [record.type, JSON.stringify(record)]),
    ...extras,
  ];
}

/** Names and values, in turn, of what only some transitions have. */
function extrasOf(maxPerRepo: number, transition: Transition): readonly string[] {
  const { before, expectedVersion, placement, answer, idempotency, deadLetter, claim } = transition;
  const { job } = transition.after;
  const extras: string[] = [];
  if (expectedVersion === 0) {
    extras.push('laneName', job.order.lane);
    if (placement.kind === 'enqueue' && maxPerRepo > 0 && placement.repo) extras.push('repo', placement.repo);
  }
  if (placement.kind === 'delay') extras.push('dueAt', String(placement.until));
  if (answer !== undefined) extras.push('answer', answer);
  if (idempotency) extras.push('digest', idempotency.digest, 'digestTtl', String(idempotency.ttlMs));
  if (deadLetter !== 'none')
    extras.push('letter', deadLetter, 'code', job.code ?? '', 'error', job.error ?? '');
  if (before !== undefined && isTerminal(before)) extras.push('closed', '1');
  if (claim !== undefined) {
    const { entryId, worker, deliveries } = parseClaimToken(claim);
    extras.push('entry', entryId, 'worker', worker, 'deliveries', String(deliveries));
  }
  return extras;
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
