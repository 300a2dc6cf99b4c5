// Random commands in random order: whatever workers, people and clocks do, the ledger of a job keeps its promises.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decide, type JobCommand } from '../../src/domain/decide.js';
import { endingOf } from '../../src/domain/endings.js';
import { AgenticoreError, ERRORS, type ErrorCode } from '../../src/domain/errors.js';
import { evolve, isTerminal, type Job } from '../../src/domain/job.js';
import type { JobEvent } from '../../src/domain/job-event.js';
import { OUTCOMES, type OutcomeRow } from '../../src/domain/outcomes.js';
import { placementChange } from '../../src/domain/placement.js';

const WALKS = 1000;
const STEPS = 40;
const CODES = Object.keys(ERRORS) as ErrorCode[];
const rowOf = (code: ErrorCode): OutcomeRow => OUTCOMES[ERRORS[code].outcome];

/** What is tried again or waited for. */
const PASSING = CODES.filter((code) => rowOf(code).follows !== 'fail');

type Chance = () => number;

/** Numbers in [0, 1) that are the same for the same seed. */
function chanceOf(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick<T>(chance: Chance, from: readonly T[]): T {
  const one = from[Math.floor(chance() * from.length)];
  assert.ok(one !== undefined);
  return one;
}

/** Mostly what is tried again, for the rest ends the walk, and often the same, so that it reaches its own limit. */
function anyCode(chance: Chance, favourite: ErrorCode): ErrorCode {
  const kind = chance();
  if (kind < 0.1) return pick(chance, CODES);
  return kind < 0.6 ? favourite : pick(chance, PASSING);
}

function anyCommand(chance: Chance, job: Job, now: number, favourite: ErrorCode): JobCommand {
  const attempt = Math.max(1, job.attempt - (chance() < 0.1 ? 1 : 0)); // now and then a stale one
  const end = (outcome: Extract<JobCommand, { type: 'EndAttempt' }>['outcome']): JobCommand => ({
    type: 'EndAttempt',
    attempt,
    outcome,
    jitter: chance(),
  });
  const failed = (): JobCommand =>
    end({
      kind: 'failed',
      code: anyCode(chance, favourite),
      error: 'it failed',
      ...(chance() < 0.5 ? {} : { resetsAt: now + (chance() - 0.3) * 1e7 }),
    });
  const start: JobCommand = { type: 'StartAttempt', worker: pick(chance, ['a', 'b']), host: 'h' };
  return pick<() => JobCommand>(chance, [
    () => start,
    () => start,
    () => start,
    () => ({ type: 'ParkJob', until: now + chance() * 1e6, jitter: chance() }),
    failed,
    failed,
    failed,
    () => end({ kind: 'handed-back' }),
    () => (chance() < 0.3 ? end({ kind: 'succeeded' }) : start),
    () => (chance() < 0.3 ? { type: 'RequestCancel', by: 'somebody' } : start),
    () => ({ type: 'ExpireJob' }),
    () => (chance() < 0.2 ? { type: 'LoseAttempt', attempt } : start),
    () => ({
      type: 'ReportProgress',
      attempt,
      facts: [{ type: 'CommitReady', oid: 'abc', leftUncommitted: false }],
    }),
  ])();
}

/** What a command may do to a ledger: each is checked on the state before and after each event. */
function checkEvent(
  ledger: readonly JobEvent[],
  before: Job,
  event: JobEvent,
  after: Job,
  now: number,
): void {
  assert.ok(!isTerminal(before.status), `${event.type} after the end`);
  if (before.cancelRequested) assert.ok(['JobCancelled', 'CommitReady'].includes(event.type), event.type);
  const count = (type: JobEvent['type']): number => ledger.filter((one) => one.type === type).length;
  const burned = count('AttemptStarted') - count('AttemptParked') - count('AttemptHandedBack');
  assert.equal(after.attemptsUsed, burned, 'parked and handed back burn nothing');
  assert.equal(after.attempt, count('AttemptStarted'));
  assert.ok(after.attemptsUsed <= after.order.maxAttempts && after.attemptsUsed >= 0);
  assert.ok(after.waitedMs >= before.waitedMs && after.waitedMs <= now - after.createdAt);
  assert.equal(after.version, ledger.length);
  assert.equal(isTerminal(after.status), endingOf(event.type) !== undefined);
  if (before.kind === 'turn') checkTurn(event, before, after);
  if (event.type === 'JobParked') assert.equal(after.attempt, before.attempt);
  if (event.type === 'JobParked' || event.type === 'AttemptParked') assert.ok(event.until > now);
  if (event.type === 'AttemptFailed') {
    const row = rowOf(event.code);
    assert.ok(row.follows === 'retry', event.code);
    assert.ok((after.failures?.[event.code] ?? 0) < (row.limit ?? Number.POSITIVE_INFINITY), event.code);
  }
  if (event.type === 'JobFailed') checkFailure(event, before);
  else assert.ok(!('exhausted' in event));
}

/** Once a turn has left its wait, it runs once and ends. */
function checkTurn(event: JobEvent, before: Job, after: Job): void {
  assert.ok(
    !/^(AttemptFailed|AttemptLost|AttemptParked|JobParked|AttemptHandedBack)$/.test(event.type),
    event.type,
  );
  assert.ok(before.status === 'queued' || after.status !== 'queued');
  assert.ok(after.attempt <= 1);
  if (after.status === 'running') assert.equal(after.direct, before.direct);
}

function checkFailure(
  event: Extract<JobEvent, { type: 'JobFailed' }>,
  { kind, attemptsUsed, order, failures }: Job,
): void {
  if (kind === 'turn') {
    assert.ok(!event.exhausted, 'a turn is no dead letter');
    return;
  }
  if (event.code === 'ATTEMPTS_EXHAUSTED' && event.exhausted) {
    assert.equal(attemptsUsed, order.maxAttempts);
    return;
  }
  const row = rowOf(event.code);
  assert.equal(event.exhausted === true, row.follows === 'retry', event.code);
  if (row.follows !== 'retry') return;
  const ownLimit = row.limit !== undefined && (failures?.[event.code] ?? 0) + 1 === row.limit;
  assert.ok(attemptsUsed === order.maxAttempts || ownLimit, `${event.code} gave up early`);
}

function walk(seed: number): ReadonlySet<string> {
  const chance = chanceOf(seed);
  const favourite = pick(chance, PASSING);
  let now = 1_700_000_000_000;
  const order = {
    task: 't',
    profile: 'code',
    lane: 'jobs',
    mode: 'sync',
    queueTtlS: chance() < 0.2 ? 60 : 1e6,
    ttlS: 1,
    maxAttempts: 1 + Math.floor(chance() * 5),
    backoffS: 30,
  } as const;
  const kind = chance() < 0.7 ? 'task' : 'turn';
  const start = kind === 'turn' && chance() < 0.5 ? { start: { worker: 'a', host: 'h' } } : {};
  const ledger: JobEvent[] = [
    ...decide({ type: 'SubmitJob', jobId: 'j', kind, order, ...start }, undefined, now),
  ];
  let job = ledger.reduce<Job | undefined>(evolve, undefined);
  const seen = new Set<string>([`${kind} ${job?.direct ? 'direct' : 'waiting'}`]);

  function carryOut(command: JobCommand): void {
    assert.ok(job);
    const start = job;
    try {
      for (const event of decide(command, job, now)) {
        const before: Job = job;
        ledger.push(event);
        job = evolve(before, event);
        seen.add(event.type);
        if (kind === 'turn' && event.type === 'JobFailed') seen.add(`turn ${event.code}`);
        checkEvent(ledger, before, event, job, now);
      }
    } catch (error) {
      if (!(error instanceof AgenticoreError)) throw error;
    }
    const change = placementChange(start, job).kind;
    if (job !== start && isTerminal(job.status)) assert.equal(change, 'remove');
    if (job.status === 'queued' && start.status === 'running')
      assert.ok(change === 'delay' || change === 'requeue', change);
  }

  for (let step = 0; step < STEPS; step += 1) {
    now += Math.floor(chance() ** 3 * 1e5);
    assert.ok(job);
    carryOut(anyCommand(chance, job, now, favourite));
  }
  // However it stands, a cancel ends it, and whoever claims it next need not even have seen the worker die.
  carryOut({ type: 'RequestCancel', by: 'somebody' });
  carryOut({ type: 'StartAttempt', worker: 'c', host: 'h' });
  assert.ok(job && isTerminal(job.status));
  assert.equal(ledger.filter(({ type }) => endingOf(type) !== undefined).length, 1);
  return seen;
}

it('no order of commands burns more attempts than allowed, ends a job twice, or breaks the promise of a cancel', () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= WALKS; seed += 1) {
    try {
      for (const type of walk(seed)) seen.add(type);
    } catch (error) {
      throw new Error(`walk ${seed}`, { cause: error });
    }
  }
  // The walks have been everywhere.
  for (const type of [
    'AttemptLost',
    'AttemptParked',
    'JobParked',
    'JobExpired',
    'JobSucceeded',
    'JobFailed',
    'JobCancelled',
    'task waiting',
    'turn waiting',
    'turn direct',
    'turn WORKER_LOST',
    'turn DRAINING',
    'turn CLAUDE_USAGE_LIMIT',
  ])
    assert.ok(seen.has(type), type);
});
