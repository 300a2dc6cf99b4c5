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
const FIRST_INDEX = 8;

interface Asked {
  /** JSON, one text for all: many small arguments cost far more, here and in Redis. */
  readonly transition: string;
  /** Beside it: the records, and the request of a turn that waits. */
  readonly texts: readonly string[];
  settle(result: AppendResult): void;
  fail(error: unknown): void;
}

export interface AppendOptions {
  /** How many jobs of one repository may be in their lanes at once; 0 for any number. */
  readonly maxPerRepo: number;
  /** How long the lease of a direct attempt holds without being extended. */
  readonly leaseMs: number;
}

/** The `append` of the event log; what it throws is what `connection` explains. */
export function createAppend(
  connection: Connection,
  keys: Keys,
  { maxPerRepo, leaseMs }: AppendOptions,
): EventLog['append'] {
  const ofFleet = [keys.fleet, keys.fleetCount, keys.fleetMarks];
  const ofJobs = [keys.jobs, keys.delayed, keys.dead, keys.upkeep];
  const scriptKeys = [...ofJobs, ...ofFleet, ...keys.indices, keys.leases];
  const settings = [keys.prefix, String(maxPerRepo), keys.fleetBell, String(FLEET_LENGTH)];
  const beginnings = [keys.view, keys.lane, keys.idempotency, keys.jobBell].map((key) => key(''));
  const continuations = [keys.ledger, keys.answer, keys.request].map(behindView);
  const sharedArguments = [...settings, ...beginnings, ...continuations, String(leaseMs)];
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
    const transitions = `[${batch.map(({ transition }) => transition).join(',')}]`;
    const texts: string[] = [];
    for (const asked of batch) texts.push(...asked.texts);
    try {
      const reply = await connection.ask((redis, resent) =>
        runScript(redis, 'append', scriptKeys, [
          resent ? '1' : '',
          ...sharedArguments,
          transitions,
          ...texts,
        ]),
      );
      const results = asList(reply);
      for (const [nth, { settle, fail }] of batch.entries()) {
        const result = results[nth];
        if (result === 'appended') settle(APPENDED);
        else if (Array.isArray(result) && result[0] === 'failed')
          fail(connection.explain(new ReplyError(asText(result[1]))));
        else settle(appendResult(result));
      }
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  }

  return (transition) =>
    new Promise((settle, fail) => {
      const { lines, request } = transition;
      const texts = request === undefined ? lines : [...lines, request];
      const text = JSON.stringify(describe(maxPerRepo, transition));
      if (gathered.length === 0) process.nextTick(flush);
      gathered.push({ transition: text, texts, settle, fail });
      characters += text.length;
      for (const { length } of texts) characters += length;
      if (gathered.length >= MAX_TOGETHER || characters >= MAX_CHARACTERS) flush();
    });
}

/** Which of the KEYS is the index of a status. */
const indexOf = (status: JobStatus | undefined): number | '' =>
  status === undefined ? '' : FIRST_INDEX + JOB_STATUSES.indexOf(status);

/** A transition as append.lua wants it. */
function describe(maxPerRepo: number, transition: Transition): readonly unknown[] {
  const { jobId, expectedVersion, before, placement, records } = transition;
  const { job } = transition.after;
  return [
    jobId,
    expectedVersion,
    job.status,
    String(job.createdAt),
    String(job.attempt),
    placement.kind,
    job.order.lane,
    String(upkeepAt(job) ?? ''),
    before === job.status ? '' : indexOf(job.status),
    before === job.status ? '' : indexOf(before),
    records.map(({ type }) => type),
    extrasOf(maxPerRepo, transition),
  ];
}

/** What only some transitions have, by name. */
function extrasOf(maxPerRepo: number, transition: Transition): Readonly<Record<string, string>> {
  const { before, expectedVersion, placement, answer, idempotency, deadLetter, callback, claim } = transition;
  const { job } = transition.after;
  const extras: Record<string, string> = {};
  if (expectedVersion === 0 && placement.kind === 'enqueue' && maxPerRepo > 0 && placement.repo)
    extras.repo = placement.repo;
  if (placement.kind === 'delay') extras.dueAt = String(placement.until);
  if (answer !== undefined) extras.answer = wellFormed(answer);
  if (transition.request !== undefined) extras.asked = '1';
  if (job.kind === 'turn' && placement.kind === 'remove') extras[job.direct ? 'leased' : 'requested'] = '1';
  if (idempotency) {
    extras.idem = idempotency.key;
    extras.digest = idempotency.digest;
    extras.digestTtl = String(idempotency.ttlMs);
  }
  if (deadLetter !== 'none') {
    extras.letter = deadLetter;
    extras.code = job.code ?? '';
    extras.error = wellFormed(job.error ?? '');
  }
  if (callback !== 'same') extras.callbackAt = callback === 'settled' ? '' : String(callback.dueAt);
  if (before !== undefined && isTerminal(before)) extras.closed = '1';
  if (claim !== undefined) {
    const { entryId, worker, deliveries } = parseClaimToken(claim);
    extras.entry = entryId;
    extras.worker = worker;
    extras.deliveries = String(deliveries);
  }
  return extras;
}

/** Half of a character that takes two, which Redis' JSON refuses, becomes what UTF-8 makes of it. */
const wellFormed = (text: string): string =>
  /\p{Surrogate}/u.test(text) ? Buffer.from(text).toString() : text;

const APPENDED = { kind: 'appended' } as const;

function appendResult(result: unknown): AppendResult {
  if (result === 'conflict' || result === 'unclaimed') return { kind: result };
  const [kind, jobId, digest] = asList(result);
  if (kind === 'duplicate') return { kind, jobId: asText(jobId), digest: asText(digest) };
  throw new Error(`append.lua answered ${String(kind)}`);
}
