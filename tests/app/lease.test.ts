import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { createLeases } from '../../src/app/loops/lease.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import type { Claim } from '../../src/ports/command-queue.js';
import { eventually } from '../support/eventually.js';

function claimThat(extend: () => Promise<boolean>): Claim {
  return { jobId: 'j', token: 't', extend, release: async () => {}, ack: async () => {} };
}

it('claims are extended although the clock of the host is set back', async () => {
  let hours = 0;
  const setBack = (): number => {
    hours += 1;
    return Date.now() - hours * 3_600_000;
  };
  const clock = { ...systemClock, now: setBack };
  const leases = createLeases({ clock, leaseMs: 30, log: () => {} });
  let extended = 0;
  const count = async (): Promise<boolean> => {
    extended += 1;
    return true;
  };
  const letGo = leases.keep(claimThat(count), () => assert.fail('it is not lost'));
  await eventually('it is extended again and again', () => extended > 2);
  letGo();
});

it('an absent bus loses no claim, and holds up those of nobody after it is back', async () => {
  const leases = createLeases({ clock: systemClock, leaseMs: 30, log: () => {} });
  let asked = 0;
  const lost: string[] = [];
  const letGo = leases.keep(
    claimThat(async () => {
      asked += 1;
      if (asked < 3) throw new AgenticoreError('BUS_UNREACHABLE');
      return asked < 6;
    }),
    () => lost.push('once'),
  );
  await eventually('it belongs to somebody else', () => lost.length > 0);
  assert.deepEqual(lost, ['once']);
  assert.equal(asked, 6);
  letGo();
});
