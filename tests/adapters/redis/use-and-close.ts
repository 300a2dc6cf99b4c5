// A process that opens a bus, uses every connection of it, closes it and has nothing else to do: it must end.
import { openRedisBus } from '../../../src/adapters/redis/open-redis-bus.js';

const bus = await openRedisBus({
  url: process.argv[2] ?? '',
  keyPrefix: 'use-and-close',
  leaseMs: 1000,
  consumer: 'brief',
});
await Promise.allSettled([
  bus.ping(),
  bus.feed.watch({ kind: 'fleet' }, () => undefined),
  bus.queue.claim('jobs', 'w', AbortSignal.timeout(50)),
]);
await bus.close();
// Whatever keeps a process: it would end all the same, but seconds later.
console.log(
  `closed, and left ${process.getActiveResourcesInfo().filter((what) => /Timeout|TCP/.test(what))}.`,
);
