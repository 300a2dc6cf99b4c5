// The user of docs/redis.md, who may do what Agenticore needs and nothing else.
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { packagePath } from '../../../src/runtime/package-root.js';
import type { TestRedis } from '../../support/redis-server.js';

const PASSWORD = 'of-the-user';

/** Makes the user on a Redis, for the keys and channels of its tests, and has them use it. */
export async function asDocumentedUser(redis: TestRedis): Promise<TestRedis> {
  const line = /^ACL SETUSER (.*)$/m.exec(readFileSync(packagePath('docs/redis.md'), 'utf8'))?.[1];
  if (line === undefined) throw new Error('docs/redis.md has no ACL SETUSER');
  const [name = '', ...rules] = line
    .replace('>PASSWORD', `>${PASSWORD}`)
    .replaceAll('{agenticore}:*', `{${redis.keyPrefix}*`)
    .split(' ');
  const admin = new Redis(redis.url);
  try {
    await admin.call('ACL', 'SETUSER', name, 'reset', ...rules);
  } finally {
    admin.disconnect();
  }
  const url = new URL(redis.url);
  url.username = name;
  url.password = PASSWORD;
  return { ...redis, url: String(url) };
}

/** What the user was refused so far, as Redis noted it. */
export async function refusals(redis: TestRedis): Promise<readonly string[]> {
  const admin = new Redis(redis.url);
  try {
    const log = (await admin.call('ACL', 'LOG')) as string[][];
    return log.map((entry) => entry.slice(0, 8).join(' '));
  } finally {
    admin.disconnect();
  }
}
