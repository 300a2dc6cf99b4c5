// How things stand when somebody looks at the metrics: the bus as far as it answers soon, and this process.
import { memoryOfDescendants } from '../adapters/host/descendants.js';
import type { Bus } from '../ports/bus.js';
import type { Reading } from '../ports/meter.js';
import type { Spools } from '../ports/spool.js';
import type { TurnAgent } from '../ports/turn-agent.js';

export interface Seen {
  readonly bus: Bus;
  readonly spools: Spools;
  readonly lane: string;
  readonly agent: TurnAgent | undefined;
}

/** A page of metrics is not worth waiting longer for. */
const BUS_PATIENCE_MS = 1000;

const one = (name: Reading['name'], value: number, labels: Reading['labels'] = {}): Reading => ({
  name,
  value,
  labels,
});

export async function readingsOf({ bus, spools, lane, agent }: Seen): Promise<readonly Reading[]> {
  const [ofBus, left] = await Promise.all([readingsOfBus(bus, lane), spools.left().catch(() => [])]);
  const pool = Object.entries(agent?.state() ?? {});
  return [
    ...ofBus,
    one('spools', left.length),
    one('claude_resident_bytes', memoryOfDescendants(process.pid)),
    ...pool.map(([state, count]) => one('warm_processes', count, { state })),
  ];
}

/** One that is away, or slow, is down. */
async function readingsOfBus(
  { queue, custody, deadLetters, callbacks }: Bus,
  lane: string,
): Promise<readonly Reading[]> {
  const asked = Promise.all([queue.depth(lane), custody.delayed(), deadLetters.count(), callbacks.count()]);
  const tooLate = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), BUS_PATIENCE_MS).unref();
  });
  const answer = await Promise.race([asked.catch(() => undefined), tooLate]);
  if (answer === undefined) return [one('bus_up', 0)];
  const [depth, delayed, dead, due] = answer;
  return [
    one('bus_up', 1),
    one('lane_entries', depth.waiting, { lane, state: 'waiting' }),
    one('lane_entries', depth.running, { lane, state: 'running' }),
    one('delayed', delayed),
    one('dead', dead),
    one('callbacks_due', due),
  ];
}
