// Appends transitions through append.lua: those that are asked for in one tick go in one call.
import { randomUUID } from 'node:crypto';
import { ReplyError } from 'ioredis';
import type { AppendResult, EventLog, Transition } from '../../ports/event-log.js';
import { type Answer, APPENDED, readAnswers } from './append-answers.js';
import { groupTransitions } from './append-groups.js';
import type { Hold } from './claims.js';
import type { Connection } from './connection.js';
import { FLEET_LENGTH, type Keys } from './keys.js';
import { type Constants, runScript, withConstants } from './scripts.js';

/** Not all at once: while Redis carries out a call, the next one is being made. It also bounds how long a call takes. */
const MAX_TOGETHER = 25;
const MAX_CHARACTERS = 256 * 1024;
/** For how long the answer to a call that claims is asked for: what it has claimed would be nobody's until the lease has lapsed. */
const PERSIST_MS = 10_000;
/** For how long it can be told: longer than somebody asks, and waits for the last answer. */
const CLAIMED_MS = 20_000;

/** A transition and who waits for it. */
interface Asked {
  readonly transition: Transition;
  settle(result: AppendResult): void;
  fail(error: unknown): void;
}

export interface AppendOptions {
  /** How many jobs of one repository may be in their lanes at once; 0 for any number. */
  readonly maxPerRepo: number;
  /** How long the lease of a direct attempt holds without being extended. */
  readonly leaseMs: number;
  readonly hold: Hold;
}

/** The `append` of the event log; what it throws is what `connection` explains. */
export function createAppend(
  connection: Connection,
  keys: Keys,
  { maxPerRepo, leaseMs, hold }: AppendOptions,
): EventLog['append'] {
  const options = { maxPerRepo, keys };
  const script = withConstants('append', appendConstants(keys, maxPerRepo, leaseMs));
  const own = randomUUID();
  let calls = 0;
  let gathered: Asked[] = [];
  let characters = 0;
  /** Jobs and idempotency keys of `gathered`: a call may have each of them once. */
  let named = new Set<string>();

  function flush(): void {
    const batch = gathered;
    gathered = [];
    characters = 0;
    named = new Set();
    if (batch.length > 0) void send(batch);
  }

  async function send(batch: readonly Asked[]): Promise<void> {
    try {
      const { groups, inTurn, texts } = groupTransitions(batch, ({ transition }) => transition, options);
      const json = JSON.stringify(groups);
      calls += 1;
      const call = `${own}-${calls}`;
      const claims = groups.some(({ nextFor }) => nextFor !== undefined);
      const reply = await connection.ask(
        (redis, resent) => runScript(redis, script, [keys.fleet], [resent ? '1' : '', call, json, ...texts]),
        claims ? PERSIST_MS : 0,
      );
      const answers = readAnswers(reply, groups);
      for (const [nth, asked] of inTurn.entries()) answer(asked, answers[nth] ?? APPENDED);
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  }

  function answer({ transition: { after, nextFor }, settle, fail }: Asked, told: Answer): void {
    if (told.kind === 'failed') fail(connection.explain(new ReplyError(told.error)));
    else if (told.kind !== 'appended') settle(told);
    else if (told.entry === undefined || nextFor === undefined) settle(APPENDED);
    else {
      const { lane } = after.job.order;
      settle({ ...APPENDED, next: hold(lane, nextFor.worker, told.entry, 1, told.started) });
    }
  }

  /** Whether the call that is being gathered has this job, or this idempotency key, already. */
  const isNamed = ({ jobId, idempotency }: Transition): boolean =>
    named.has(jobId) || (idempotency !== undefined && named.has(keys.idempotency(idempotency.key)));

  return (transition) =>
    new Promise((settle, fail) => {
      const { jobId, idempotency, lines, request = '', answer = '', after } = transition;
      if (isNamed(transition)) flush();
      if (gathered.length === 0) process.nextTick(flush);
      gathered.push({ transition, settle, fail });
      named.add(jobId);
      if (idempotency !== undefined) named.add(keys.idempotency(idempotency.key));
      for (const { length } of lines) characters += length;
      characters += request.length + answer.length + (after.job.error?.length ?? 0);
      if (gathered.length >= MAX_TOGETHER || characters >= MAX_CHARACTERS) flush();
    });
}

/** What append.lua and wait.lua are written with. */
export function appendConstants(keys: Keys, maxPerRepo: number, leaseMs: number): Constants {
  const { prefix, fleetBell, jobs, delayed, dueSeconds, leases, callbacks, dead, fleet } = keys;
  const settings = {
    prefix,
    limit: maxPerRepo,
    leaseMs,
    claimedMs: CLAIMED_MS,
    fleetLength: FLEET_LENGTH,
    fleetBell,
  };
  const owned = { jobs, delayed, dueSeconds, leases, callbacks, dead, fleet };
  const toView = keys.view('');
  const toIndex = keys.index('queued').slice(0, -'queued'.length);
  const beginnings = {
    toIndex,
    toView,
    toLane: keys.lane(''),
    toIdem: keys.idempotency(''),
    toClaimed: keys.claimed(''),
    toDue: keys.due(''),
  };
  const behindView = (key: (jobId: string) => string): string => key('').slice(toView.length);
  return {
    ...settings,
    ...owned,
    ...beginnings,
    toLedger: behindView(keys.ledger),
    toAnswer: behindView(keys.answer),
    toRequest: behindView(keys.request),
  };
}
