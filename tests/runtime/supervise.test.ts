import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Log } from '../../src/ports/log.js';
import { type Service, supervise } from '../../src/runtime/supervise.js';

const silent: Log = () => {};
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

describe('supervise', () => {
  it('stops every service when the signal aborts, and waits for the slowest', async () => {
    const ended: string[] = [];
    const service = (name: string, turns: number): Service => ({
      name,
      async run(signal) {
        await aborted(signal);
        for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
        ended.push(name);
      },
    });
    const stop = new AbortController();
    const all = supervise([service('slow', 50), service('quick', 0)], stop.signal, silent);
    stop.abort();
    await all;
    assert.deepEqual(ended, ['quick', 'slow']);
  });

  it('stops the others when one fails, and rejects with that failure after all have ended', async () => {
    const failure = new Error('port taken');
    let cleanedUp = false;
    const services: Service[] = [
      { name: 'bad', run: () => Promise.reject(failure) },
      {
        name: 'good',
        async run(signal) {
          await aborted(signal);
          await new Promise(setImmediate);
          cleanedUp = true;
        },
      },
    ];
    await assert.rejects(supervise(services, new AbortController().signal, silent), failure);
    assert.ok(cleanedUp);
  });

  it('stops the others when one simply ends, and says which in the log', async () => {
    const facts: unknown[] = [];
    const services: Service[] = [
      { name: 'short', run: async () => {} },
      { name: 'long', run: aborted },
    ];
    await supervise(services, new AbortController().signal, (fact, fields) => facts.push([fact, fields]));
    assert.deepEqual(facts, [['service.ended', { service: 'short' }]]);
  });

  it('rejects with the first of two failures and logs both', async () => {
    const facts: string[] = [];
    const services: Service[] = [
      { name: 'first', run: () => Promise.reject(new Error('one')) },
      {
        name: 'second',
        async run(signal) {
          await aborted(signal);
          throw new Error('two');
        },
      },
    ];
    await assert.rejects(
      supervise(services, new AbortController().signal, (fact) => facts.push(fact)),
      /one/,
    );
    assert.deepEqual(facts, ['service.failed', 'service.failed']);
  });

  it('also survives a service that throws before its first await', async () => {
    const services: Service[] = [
      {
        name: 'rude',
        run() {
          throw new Error('at once');
        },
      },
      { name: 'long', run: aborted },
    ];
    await assert.rejects(supervise(services, new AbortController().signal, silent), /at once/);
  });

  it('resolves at once when there is nothing to run', async () => {
    await supervise([], new AbortController().signal, silent);
  });

  it('warns of no leak when many services wait for the same signal', async () => {
    const warnings: Error[] = [];
    const heed = (warning: Error): number => warnings.push(warning);
    process.on('warning', heed);
    const stop = new AbortController();
    const services = Array.from({ length: 12 }, (_, n): Service => ({ name: `${n}`, run: aborted }));
    const all = supervise(services, stop.signal, silent);
    await new Promise(setImmediate);
    stop.abort();
    await all;
    process.off('warning', heed);
    assert.deepEqual(warnings, []);
  });
});
