// The contract of the ports, on a real Redis.
import { after, before } from 'node:test';
import type { Bus } from '../../../src/ports/bus.js';
import { startRedis, type TestRedis } from '../../support/redis-server.js';
import { busContract } from '../contract/bus-contract.js';
import { freshPrefix, openBus } from './redis-under-test.js';

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

busContract('redis bus', async (options) => {
  const keyPrefix = freshPrefix(redis);
  const opened: Bus[] = [];
  const open = async (): Promise<Bus> => {
    const bus = await openBus(redis, { keyPrefix, ...options });
    opened.push(bus);
    return bus;
  };
  return {
    bus: await open(),
    reopen: open,
    close: async () => {
      await Promise.all(opened.map((bus) => bus.close()));
    },
  };
});
