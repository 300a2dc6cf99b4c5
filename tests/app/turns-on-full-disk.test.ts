// The disk of an agent is full: nothing is begun that could not be written down, whoever could do it gets it, and all goes
// on by itself when there is room.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { claimTurnsLoop } from '../../src/app/loops/claim-turns.js';
import { createSlots } from '../../src/app/slots.js';
import { conversationId } from '../../src/domain/conversation.js';
import { isCode } from '../../src/domain/errors.js';
import type { Claim } from '../../src/ports/command-queue.js';
import { eventually } from '../support/eventually.js';
import { submit } from '../support/ledger.js';
import { answerTo, asking, never, setAgentStage } from './turn-stage.js';

const FULL = 'The disk of the worker is full: ENOSPC. Make room there.';

it('a turn is refused before anything is started, and accepted when there is room', async (t) => {
  let lack: string | undefined = FULL;
  const agent = await setAgentStage(t, { lack: () => lack });
  const key = { key: 'anonymous k', digest: 'd' };
  const request = asking('hi', { conversationKey: 'c' });
  await assert.rejects(
    answerTo(agent, request, key),
    (error) => isCode(error, 'DISK_FULL') && /ENOSPC/.test(String(error)),
  );
  assert.equal(await agent.bus.events.count('running'), 0);
  assert.equal(await agent.bus.events.taken(key.key), undefined);
  const id = conversationId({ agent: 'helper', caller: { name: 'anonymous' }, key: 'c' }, agent.deps.hash);
  assert.equal(await agent.bus.conversations.holder(id), undefined);
  lack = undefined;
  assert.equal(await answerTo(agent, request, key), 'Hello.');
  lack = FULL;
  assert.equal(await answerTo(agent, request, key), 'Hello.', 'what was said can be read');
});

it('a process that runs no turns takes them in all the same', async (t) => {
  const agent = await setAgentStage(t, { lack: () => FULL, isCounterOnly: true });
  const opened = await agent.turns.open(asking('hi'), never);
  assert.ok(opened.kind === 'accepted');
});

it('a turn whose process cannot be started for want of room fails as that', async (t) => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const agent = await setAgentStage(t, { perform: () => Promise.reject(full) });
  const opened = await agent.turns.open(asking('hi'), never);
  assert.ok(opened.kind === 'accepted');
  const { jobId } = opened.turn;
  await assert.rejects(
    opened.turn.run(() => {}, never),
    (error) => isCode(error, 'DISK_FULL'),
  );
  await eventually('the ledger says so', async () => {
    const job = (await agent.bus.events.load(jobId))?.job;
    return job?.status === 'failed' && job.code === 'DISK_FULL';
  });
});

it('turns that wait are claimed by whoever has room, also when the disk fills up while it waits for one', async (t) => {
  const { bus, deps } = await setAgentStage(t);
  let lack: string | undefined = FULL;
  const told: string[] = [];
  const ran: string[] = [];
  const over = new AbortController();
  let asked = 0;
  const loop = claimTurnsLoop(
    {
      ...{ queue: bus.queue, lane: 'agent:helper', worker: deps.worker, leaseMs: 60_000 },
      slots: createSlots(1),
      room: {
        lack: async () => {
          asked += 1;
          return lack;
        },
      },
      async run(claim: Claim) {
        ran.push(claim.jobId);
        await claim.ack();
      },
      clock: { ...deps.clock, sleep: (ms, signal) => deps.clock.sleep(Math.min(ms, 5), signal) },
      log: (fact) => void told.push(fact),
    },
    over.signal,
  );
  const order = { lane: 'agent:helper' };
  const first = await submit(bus.events, { kind: 'turn', order });
  await eventually('it has looked again and again', () => asked > 3);
  assert.deepEqual([ran, told], [[], ['worker.disk_full']]);
  lack = undefined;
  await eventually('it has run', () => ran.includes(first));
  assert.equal(told.at(-1), 'worker.disk_has_room');

  lack = FULL; // it waits at the lane by now
  const second = await submit(bus.events, { kind: 'turn', order });
  await eventually('it was given back', () => told.at(-1) === 'worker.disk_full');
  assert.deepEqual(await bus.queue.depth('agent:helper'), { waiting: 1, running: 0 });
  lack = undefined;
  await eventually('it has run', () => ran.includes(second));
  over.abort();
  await loop;
});
