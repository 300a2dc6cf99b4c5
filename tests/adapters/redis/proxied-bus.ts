// Two buses on one Redis for each test of a suite: one through a proxy that cuts its line, the other undisturbed.
import { after, afterEach, before, beforeEach } from 'node:test';
import type { Redis } from 'ioredis';
import type { Bus } from '../../../src/ports/bus.js';
import { type OwnRedis, startOwnRedis } from '../../support/redis-server.js';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.js';
import { freshPrefix, openBus, useRedis } from './redis-under-test.js';

export interface ProxiedBus {
  readonly redis: OwnRedis;
  readonly admin: Redis;
  readonly proxy: CuttingProxy;
  /** Through the proxy. */
  readonly bus: Bus;
  /** Another process. */
  readonly other: Bus;
  readonly keyPrefix: string;
}

/** Tells `use` before each test what is there for it. */
export function eachWithProxiedBus(use: (scene: ProxiedBus) => unknown): void {
  const own = useRedis(startOwnRedis);
  let proxy: CuttingProxy;
  let buses: readonly Bus[] = [];
  before(async () => {
    proxy = await startCuttingProxy(own.server.port);
  });
  after(() => proxy.stop());
  beforeEach(async () => {
    const { server: redis, admin } = own;
    const keyPrefix = freshPrefix(redis);
    const bus = await openBus(redis, { url: proxy.url, keyPrefix });
    const other = await openBus(redis, { keyPrefix });
    buses = [bus, other];
    await use({ redis, admin, proxy, bus, other, keyPrefix });
  });
  afterEach(() => Promise.all(buses.map((bus) => bus.close())));
}
