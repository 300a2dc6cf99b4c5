// The bus goes away while claude works: claude goes on, its words wait on disk, and nothing leaves the house until
// the claim is confirmed again.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createSpools } from '../../src/adapters/job-files/spools.js';
import { getJob } from '../../src/app/inspect-jobs.js';
import { settleLoop } from '../../src/app/loops/settle.js';
import { runAttempt } from '../../src/app/run-attempt.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import type { AgentListener } from '../../src/ports/agent.js';
import type { Bus } from '../../src/ports/bus.js';
import type { Claim } from '../../src/ports/command-queue.js';
import type { EventLog } from '../../src/ports/event-log.js';
import type { Spools } from '../../src/ports/spool.js';
import type { TranscriptEntry } from '../../src/ports/transcript-log.js';
import { eventually } from '../support/eventually.js';
import { sha256, startAttempt, submit } from '../support/ledger.js';
import { tempDir } from '../support/temp-dir.js';
import { type Act, report, type Setting, type Stage, say, setStage, succeed } from './doubles.js';

const never = new AbortController().signal;
const SOON = { timeout: 30_000 };
const repoUrl = 'https://git.example/acme/shop.git';

interface Away {
  readonly stage: Stage;
  readonly claim: Claim;
  readonly spoolRoot: string;
  /** What is asked of the bus is refused from now on, or answered again. */
  away(isAway: boolean): void;
  run(handBack?: AbortSignal): Promise<unknown>;
}

/** A claimed job on a bus that can be taken away; waiting for it takes no time. */
async function claimed(
  t: TestContext,
  setting: (away: (isAway: boolean) => void) => Setting,
  worsen = (append: EventLog['append']): EventLog['append'] => append,
): Promise<Away> {
  let isAway = false;
  const away = (now: boolean): void => {
    isAway = now;
  };
  const guarded =
    <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (isAway) throw new AgenticoreError('BUS_UNREACHABLE');
      return call(...args);
    };
  const given = setting(away);
  const spoolRoot = await tempDir();
  const stage = await setStage({ ...given, over: { spools: createSpools(spoolRoot) } });
  t.after(() => stage.close());
  const { events, transcript, queue } = stage.bus;
  const deps = {
    ...stage.deps,
    events: {
      ...events,
      append: guarded(worsen(events.append)),
      load: guarded(events.load),
      answer: guarded(events.answer),
    },
    transcript: { ...transcript, append: guarded(transcript.append) },
    clock: {
      ...stage.deps.clock,
      sleep: (ms: number, signal: AbortSignal) =>
        stage.deps.clock.sleep(ms <= 10_000 ? Math.min(ms, 20) : ms, signal),
    },
    ...given.over,
  };
  await submit(events, { order: { repoUrl } });
  const claim = await queue.claim('jobs', 'worker-1', never);
  assert.ok(claim);
  const guardedClaim = { ...claim, extend: guarded(() => claim.extend()) };
  return {
    stage,
    claim,
    spoolRoot,
    away,
    run: (handBack = never) => runAttempt(deps, guardedClaim, handBack),
  };
}

const spoolOf = (root: string, jobId: string, attempt = 1): Promise<string> =>
  readFile(join(root, jobId, `spool-${attempt}.jsonl`), 'utf8');

async function messagesOf(bus: Bus, jobId: string): Promise<string[]> {
  const { entries } = await bus.feed.read({ kind: 'job', jobId }, undefined, 10_000);
  return entries.filter(({ kind }) => kind === 'message').map(({ data }) => data);
}

function assertChained(messages: readonly string[]): void {
  for (const [index, message] of messages.entries())
    if (index > 0) assert.equal(JSON.parse(message).prev, sha256(messages[index - 1] ?? ''));
}

/** Claude says 60 things of 60 kB; `taken` counts those that were taken from it. */
function speakAtLength(listener: AgentListener): { taken: number; done: Promise<void> } {
  const speech = { taken: 0, done: Promise.resolve() };
  speech.done = (async () => {
    for (; speech.taken < 60; speech.taken += 1) await say(listener, 'x'.repeat(60_000));
  })();
  return speech;
}

const delta = (text: string) => {
  const event = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } };
  const message = { type: 'stream_event', event };
  return { type: 'stream_event', message, line: JSON.stringify(message) };
};

const status = { type: 'system', message: { subtype: 'status' }, line: '{"subtype":"status"}' };

describe('a bus that goes away while claude works', () => {
  it('does not hold claude back, and gets the whole transcript in order when it is back', SOON, async (t) => {
    const act =
      (away: (isAway: boolean) => void): Act =>
      async (order, listener, signal) => {
        listener.started(1);
        await say(listener, 'before');
        away(true);
        for (let n = 0; n < 50; n += 1) {
          await listener.message(delta(`word ${n} `));
          await say(listener, `${n} ${'x'.repeat(100_000)}`); // far more than is held in memory
        }
        const spool = await eventually('they are spooled', async () => {
          const text = await spoolOf(root, order.tag.split('.')[0] ?? '');
          return text.length > 4_000_000 && text;
        });
        assert.equal(spool.includes('s3cret'), false);
        setTimeout(() => away(false), 50);
        return succeed(order, listener, signal);
      };
    const { stage, claim, run, spoolRoot } = await claimed(t, (away) => ({ act: act(away) }));
    const root = spoolRoot;
    await run();
    const { job } = await getJob(stage.bus.events, claim.jobId);
    assert.equal(job.status, 'succeeded');
    const messages = await messagesOf(stage.bus, claim.jobId);
    const wholes = await Promise.all(
      messages.map(async (data) => {
        const { attempt, seq, href } = JSON.parse(data);
        return href ? ((await stage.bus.transcript.whole(claim.jobId, attempt, seq)) ?? '') : data;
      }),
    );
    assert.equal(wholes.length, 52);
    assertChained(wholes);
    assert.deepEqual(job.transcript, { count: 52, head: sha256(wholes.at(-1) ?? '') });
    assert.deepEqual(await readdir(join(spoolRoot, claim.jobId)), [], 'the spool is gone');
  });

  it('shows readers no text with a hole when it comes back in the middle', SOON, async (t) => {
    const act =
      (away: (isAway: boolean) => void): Act =>
      async (order, listener, signal) => {
        const jobId = order.tag.split('.')[0] ?? '';
        const spooled = () => spoolOf(spoolRoot, jobId).catch(() => '');
        listener.started(1);
        await listener.message(delta('One, '));
        away(true);
        await listener.message(delta('two, '));
        await eventually('it goes by the spool', async () => (await spooled()) !== '');
        await listener.message(delta('three, '));
        await listener.message(status); // what was held back to be merged goes ahead of it
        away(false);
        await eventually('the bus has all', async () => (await spooled()) === '');
        await listener.message(delta('four.'));
        await say(listener, 'One, two, three, four.');
        await listener.message(delta('Five'));
        return succeed(order, listener, signal);
      };
    const { stage, claim, run, spoolRoot } = await claimed(t, (away) => ({ act: act(away) }));
    await run();
    const { entries } = await stage.bus.feed.read({ kind: 'job', jobId: claim.jobId }, undefined, 1000);
    const said = entries
      .filter(({ kind }) => kind !== 'event')
      .map(({ kind, data }) => [kind, JSON.parse(data)]);
    const complete = said.findIndex(([, { message }]) => message?.type === 'assistant');
    const before = said.slice(0, complete).flatMap(([kind, { text }]) => (kind === 'delta' ? [text] : []));
    assert.ok('One, two, three, four.'.startsWith(before.join('')), before.join('|'));
    assert.ok(before.length > 0);
    assert.deepEqual(said.slice(complete + 1).find(([kind]) => kind === 'delta')?.[1].text, 'Five');
  });

  it('hears each fact once, also when it took it and the answer was lost', SOON, async (t) => {
    const { stage, claim, run } = await claimed(
      t,
      () => ({}),
      (append) => {
        const lost = new Set<string>();
        return async (transition) => {
          const result = await append(transition);
          const type = transition.records[0]?.type ?? '';
          if (!type.startsWith('Claude') || lost.has(type)) return result;
          lost.add(type);
          throw new AgenticoreError('BUS_UNREACHABLE');
        };
      },
    );
    await run();
    const { job } = await getJob(stage.bus.events, claim.jobId);
    assert.deepEqual([job.status, job.costUsd, job.numTurns], ['succeeded', report.costUsd, report.numTurns]);
    const types = (await stage.bus.events.read(claim.jobId)).map(({ type }) => type);
    assert.deepEqual(types, [...new Set(types)]);
  });

  it('has nothing pushed and no pull request opened until the claim is confirmed', SOON, async (t) => {
    const opened: string[] = [];
    const host = {
      serves: () => true,
      openPullRequest: async () => {
        opened.push('pull request');
        return { url: 'https://git.example/pr/1', existed: false, shortfalls: [] };
      },
    };
    const { stage, claim, run } = await claimed(t, () => ({ over: { codeHosts: [host] } }));
    const { extend } = claim;
    let refusals = 0;
    const doneAtRefusal: string[][] = [];
    Object.assign(claim, {
      extend: async () => {
        if (++refusals % 3 === 0) return extend();
        doneAtRefusal.push([...stage.deeds.slice(1), ...opened]);
        throw new AgenticoreError('BUS_UNREACHABLE');
      },
    });
    await run();
    const { job } = await getJob(stage.bus.events, claim.jobId);
    assert.deepEqual([job.status, job.prUrl], ['succeeded', 'https://git.example/pr/1']);
    const [commit, push] = [['commit'], ['commit', 'push']];
    assert.deepEqual(doneAtRefusal, [commit, commit, push, push]);
  });

  it('that knows of a later attempt gets nothing; the spool is kept, marked', SOON, async (t) => {
    const { stage, claim, run, spoolRoot } = await claimed(t, (away) => ({
      act: async (_order, listener, signal) => {
        listener.started(1);
        away(true);
        await say(listener, 'spooled');
        await eventually('it is spooled', () => spoolOf(spoolRoot, claim.jobId).then((text) => text !== ''));
        await startAttempt(stage.bus.events, claim.jobId);
        away(false);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        return { kind: 'stopped', ...report };
      },
    }));
    await run();
    assert.deepEqual(await messagesOf(stage.bus, claim.jobId), []);
    const kept = await readFile(join(spoolRoot, claim.jobId, 'spool-1.stale.jsonl'), 'utf8');
    assert.match(kept, /spooled/);
    assert.equal(stage.deeds.includes('push'), false);
    assert.equal((await getJob(stage.bus.events, claim.jobId)).job.attempt, 2);
  });
});

describe('a spool that takes no more while the bus is away', () => {
  const refusing: Spools = {
    left: async () => [],
    open: () => ({
      bytes: 0,
      isWaiting: false,
      append: () => Promise.reject(new Error('ENOSPC: no space left on device')),
      next: async () => [],
      pass() {},
      remove: async () => {},
      untouched: async () => [],
      keepAsStale: async () => {},
      close: async () => {},
    }),
  };

  it('holds claude back with about 1 MiB in memory; nothing is lost', SOON, async (t) => {
    const told: string[] = [];
    const { stage, claim, run } = await claimed(t, (goAway) => ({
      over: { spools: refusing, log: (fact) => void told.push(fact) },
      act: async (order, listener, signal) => {
        listener.started(1);
        goAway(true);
        const speech = speakAtLength(listener);
        await eventually('it is held back', () => speech.taken > 5);
        for (let n = 0; n < 10; n += 1) await new Promise((resolve) => setTimeout(resolve, 20));
        assert.ok(speech.taken < 45, `${speech.taken} were taken`);
        goAway(false);
        await speech.done;
        return succeed(order, listener, signal);
      },
    }));
    await run();
    assert.equal((await getJob(stage.bus.events, claim.jobId)).job.status, 'succeeded');
    const messages = await messagesOf(stage.bus, claim.jobId);
    assert.equal(messages.length, 61);
    assertChained(messages);
    const facts = told.filter((fact) => fact.startsWith('transcript.'));
    assert.deepEqual(facts, ['transcript.spooling', 'transcript.spool_failed'], 'each is told once');
  });

  it('is written to again as soon as its disk has room, although the bus is still away', SOON, async (t) => {
    let isFull = false;
    const onDisk = createSpools(await tempDir());
    const spools: Spools = {
      ...onDisk,
      open(name) {
        const spool = onDisk.open(name);
        const append = (entries: readonly TranscriptEntry[]): Promise<void> =>
          isFull ? Promise.reject(new Error('ENOSPC: no space left on device')) : spool.append(entries);
        return Object.assign(Object.create(spool), { append });
      },
    };
    const { stage, claim, run } = await claimed(t, (goAway) => ({
      over: { spools },
      act: async (order, listener, signal) => {
        listener.started(1);
        goAway(true);
        const speech = speakAtLength(listener);
        await eventually('the spool has taken something', () => speech.taken > 5);
        isFull = true;
        let before = -1;
        await eventually('claude is held back', async () => {
          const stands = before === speech.taken;
          before = speech.taken;
          await new Promise((resolve) => setTimeout(resolve, 40));
          return stands && speech.taken < 60;
        });
        isFull = false;
        await speech.done;
        goAway(false);
        return succeed(order, listener, signal);
      },
    }));
    await run();
    assert.equal((await getJob(stage.bus.events, claim.jobId)).job.status, 'succeeded');
    const messages = await messagesOf(stage.bus, claim.jobId);
    assert.equal(messages.length, 61);
    assertChained(messages);
  });
});

describe('a worker that leaves while the bus is away', () => {
  it('leaves the spool as it is, for whoever comes next', SOON, async (t) => {
    const leaving = new AbortController();
    const { stage, claim, run, spoolRoot, away } = await claimed(t, (goAway) => ({
      act: async (_order, listener, signal) => {
        listener.started(1);
        await say(listener, 'stored');
        await eventually('it is stored', async () => (await messagesOf(stage.bus, claim.jobId)).length === 1);
        goAway(true);
        await say(listener, 'spooled');
        await eventually('it is spooled', () => spoolOf(spoolRoot, claim.jobId).then((text) => text !== ''));
        setTimeout(() => leaving.abort(), 10);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        return { kind: 'stopped', ...report };
      },
    }));
    await run(leaving.signal);
    assert.match(await spoolOf(spoolRoot, claim.jobId), /spooled/);
    away(false);
    await settleLoop(stage.deps, await stage.deps.spools.left(), async () => false, never);
    const messages = await messagesOf(stage.bus, claim.jobId);
    assert.equal(messages.length, 2);
    assertChained(messages);
  });
});

describe('a spool that a dead worker left', () => {
  const entry = (seq: number): TranscriptEntry => ({
    seq,
    kind: 'message',
    type: 'assistant',
    data: `{"n":${seq}}`,
  });

  async function left(t: TestContext): Promise<{ stage: Stage; claim: Claim; root: string }> {
    const root = await tempDir();
    const stage = await setStage({ over: { spools: createSpools(root) } });
    t.after(() => stage.close());
    const jobId = await submit(stage.bus.events, {});
    const claim = await stage.bus.queue.claim('jobs', 'worker-1', never);
    assert.ok(claim);
    await startAttempt(stage.bus.events, jobId);
    await stage.bus.transcript.append(jobId, 1, [entry(1), entry(2)]);
    const spool = stage.deps.spools.open({ jobId, attempt: 1 });
    await spool.append([entry(2), entry(3), entry(4)]);
    await spool.close();
    return { stage, claim, root };
  }

  it('is forwarded before the next attempt of its job starts', SOON, async (t) => {
    const { stage, claim, root } = await left(t);
    await runAttempt(stage.deps, claim, never);
    const { entries } = await stage.bus.feed.read({ kind: 'job', jobId: claim.jobId }, undefined, 100);
    const order = entries.map(({ kind, type, data }) => (kind === 'event' ? type : data)).slice(0, 8);
    const said = [1, 2, 3, 4].map((seq) => `{"n":${seq}}`);
    assert.deepEqual(order, ['JobSubmitted', 'AttemptStarted', ...said, 'AttemptLost', 'AttemptStarted']);
    assert.deepEqual(await readdir(join(root, claim.jobId)), []);
  });

  it('is kept aside when its job has started anew, on a bus that was restored', SOON, async (t) => {
    const { stage, claim, root } = await left(t);
    const started = await stage.bus.events.load(claim.jobId);
    await runAttempt(stage.deps, { ...claim, started }, never);
    const { entries } = await stage.bus.feed.read({ kind: 'job', jobId: claim.jobId }, undefined, 100);
    assert.ok(!entries.some(({ data }) => data === '{"n":3}'));
    assert.deepEqual(await readdir(join(root, claim.jobId)), ['spool-1.stale.jsonl']);
  });

  it('is forwarded as soon as its worker counts as dead, without a claim', SOON, async (t) => {
    const { stage, claim, root } = await left(t);
    let asked = 0;
    const clock = { ...stage.deps.clock, sleep: async () => {} };
    const isAlive = async (): Promise<boolean> => {
      asked += 1;
      return asked < 3;
    };
    await settleLoop({ ...stage.deps, clock }, await stage.deps.spools.left(), isAlive, never);
    assert.deepEqual((await messagesOf(stage.bus, claim.jobId)).length, 4);
    assert.deepEqual(await readdir(join(root, claim.jobId)), []);
  });

  it(
    'stays where it is when its job cannot be read, and others are settled all the same',
    SOON,
    async (t) => {
      const { stage, claim, root } = await left(t);
      const damaged = { jobId: randomUUID(), attempt: 1 };
      const spool = stage.deps.spools.open(damaged);
      await spool.append([entry(1)]);
      await spool.close();
      const isElsewhere = async (jobId: string): Promise<boolean> => {
        if (jobId === damaged.jobId) throw new AgenticoreError('BUS_CORRUPT');
        return false;
      };
      await settleLoop(stage.deps, await stage.deps.spools.left(), isElsewhere, never);
      assert.equal((await messagesOf(stage.bus, claim.jobId)).length, 4);
      assert.deepEqual(await readdir(join(root, damaged.jobId)), ['spool-1.jsonl']);
    },
  );

  it(
    'is kept as marked evidence when another attempt came first, or nobody knows the job',
    SOON,
    async (t) => {
      const { stage, claim, root } = await left(t);
      await startAttempt(stage.bus.events, claim.jobId);
      const vanished = { jobId: randomUUID(), attempt: 1 };
      const spool = stage.deps.spools.open(vanished);
      await spool.append([entry(1)]);
      await spool.close();
      await settleLoop(stage.deps, await stage.deps.spools.left(), async () => false, never);
      assert.deepEqual((await messagesOf(stage.bus, claim.jobId)).length, 2);
      assert.deepEqual(await readdir(join(root, claim.jobId)), ['spool-1.stale.jsonl']);
      assert.deepEqual(await readdir(join(root, vanished.jobId)), ['spool-1.stale.jsonl']);
    },
  );
});
