// The pile of jobs that used up their attempts: listed, submitted once more, dropped; also through the server.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgenticoreError } from '../../../../src/domain/errors.js';
import type { Bus } from '../../../../src/ports/bus.js';
import { endAttempt, startAttempt, submit } from '../../../support/ledger.js';
import { startTestServer } from '../../http/test-server.js';
import { keep } from './keeper.js';

async function deadLetter(bus: Bus): Promise<string> {
  const jobId = await submit(bus.events, { order: { maxAttempts: 1 } });
  await bus.queue.claim('jobs', 'worker-1', new AbortController().signal);
  await startAttempt(bus.events, jobId);
  await endAttempt(bus.events, jobId, { kind: 'failed', code: 'MODEL_OVERLOADED', error: 'It is busy.' });
  return jobId;
}

/** The bus can be read; the server writes to it. */
const locked = (access: 'read' | 'write'): void => {
  if (access === 'write') throw new AgenticoreError('BUS_LOCKED');
};

describe('admin dead', () => {
  it('lists the letters, requeues one with its task or an edited one, drops one', async (t) => {
    const { bus } = await startTestServer(t);
    const [first, second, third] = [await deadLetter(bus), await deadLetter(bus), await deadLetter(bus)];
    const listed = await keep(bus, ['dead']);
    assert.match(listed.out, new RegExp(`^${first}\t0s\tAGENTICORE_MODEL_OVERLOADED\tIt is busy.\n`));
    const json = JSON.parse((await keep(bus, ['dead', '--json'])).out);
    assert.deepEqual(
      json.map((letter: { job_id: string }) => letter.job_id),
      [first, second, third],
    );

    const again = (await keep(bus, ['dead', 'requeue', first])).out.trim();
    const order = (await bus.events.load(again))?.job.order;
    assert.deepEqual([order?.retryOf, order?.task], [first, 'make the test pass']);
    const edit = async (text: string): Promise<string> => `${text}, please\n`;
    const edited = await keep(bus, ['dead', 'requeue', second.slice(0, 8), '--edit', '--json'], { edit });
    const { job_id: id, retry_of: of } = JSON.parse(edited.out);
    assert.equal(of, second);
    assert.equal((await bus.events.load(id))?.job.order.task, 'make the test pass, please');
    assert.equal((await keep(bus, ['dead', 'drop', third])).code, 0);
    assert.equal(await bus.deadLetters.count(), 0);
    assert.equal((await bus.events.load(third))?.job.status, 'failed');
    const twice = await keep(bus, ['dead', 'requeue', first]);
    assert.deepEqual([twice.code, /no dead letter/.test(twice.err)], [1, true]);
  });

  it('requeues nothing when the task was edited away', async (t) => {
    const { bus } = await startTestServer(t);
    const jobId = await deadLetter(bus);
    const { code } = await keep(bus, ['dead', 'requeue', jobId, '--edit'], { edit: async () => ' \n' });
    assert.equal(code, 2);
    assert.equal(await bus.deadLetters.count(), 1);
  });

  it('goes through the server that has the bus', async (t) => {
    const { bus, url } = await startTestServer(t);
    const [first, second] = [await deadLetter(bus), await deadLetter(bus)];
    const typed = (words: readonly string[]) => keep(bus, words, { url, atDesk: locked });
    const again = (await typed(['dead', 'requeue', first])).out.trim();
    assert.equal((await bus.events.load(again))?.job.order.retryOf, first);
    assert.equal((await typed(['dead', 'drop', second])).code, 0);
    assert.equal(await bus.deadLetters.count(), 0);
  });
});
