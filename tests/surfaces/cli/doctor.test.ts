// `agenticore doctor` on machines that lack one thing or another.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { freePort } from '../../../scripts/redis/free-port.js';
import { sha256 } from '../../../src/adapters/host/sha256.js';
import { openRedisBus } from '../../../src/adapters/redis/open-redis-bus.js';
import { fingerprintCredential } from '../../../src/roles/credential.js';
import type { Finding } from '../../../src/surfaces/cli/cli-context.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { startOwnRedis, startRedis } from '../../support/redis-server.js';
import { json, startServerDouble } from './server-double.js';

const MAIN = fileURLToPath(new URL('../../../src/main.js', import.meta.url));
const SECRET = 'sk-ant-never-to-be-seen';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agenticore-doctor-'));
});
after(() => rm(folder, { recursive: true, force: true }));

interface Diagnosis {
  readonly code: number;
  readonly text: string;
  find(name: string): readonly Finding[];
}

/** Runs doctor in a machine of its own; `env` changes it. */
async function diagnoseWith(env: Record<string, string>): Promise<Diagnosis> {
  const machine = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    AGENTICORE_HOME: join(folder, 'home'),
    AGENTICORE_REPOS_ROOT: join(folder, 'repos'),
    AGENTICORE_PORT: String(await freePort()),
    ANTHROPIC_API_KEY: SECRET,
    ...env,
  };
  const { code, text } = await new Promise<{ code: number; text: string }>((resolve) => {
    execFile(process.execPath, [MAIN, 'doctor', '--json'], { env: machine }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr }),
    );
  });
  const { findings }: { findings: Finding[] } = JSON.parse(text);
  return { code, text, find: (name) => findings.filter((finding) => finding.name === name) };
}

const levels = (findings: readonly Finding[]): string[] => findings.map(({ level }) => level);

describe('doctor', () => {
  it('finds a machine that has everything well, and changes nothing on it', async () => {
    const { code, text, find } = await diagnoseWith({});
    assert.equal(code, 0, text);
    for (const name of [
      'node',
      'git',
      'configuration',
      'claude',
      'model',
      'home',
      'repositories',
      'bus',
      'profiles',
      'port',
    ]) {
      assert.deepEqual(levels(find(name)), ['ok'], `${name} in ${text}`);
    }
    assert.match(find('claude')[0]?.fact ?? '', /^2\.1\.197 at /);
    await assert.rejects(rm(join(folder, 'home')), { code: 'ENOENT' });
  });

  it('never shows a credential, only that it is there', async () => {
    const { text, find } = await diagnoseWith({ AGENTICORE_API_KEYS: 'another-secret' });
    assert.match(find('model')[0]?.fact ?? '', /ANTHROPIC_API_KEY/);
    assert.ok(!text.includes(SECRET) && !text.includes('another-secret'));
  });

  it('misses credentials, git and claude, each with how to mend it', async () => {
    const { code, find } = await diagnoseWith({
      ANTHROPIC_API_KEY: '',
      PATH: folder,
      AGENTICORE_CLAUDE_BINARY: join(folder, 'no-claude'),
    });
    assert.equal(code, 1);
    for (const name of ['model', 'git', 'claude']) {
      assert.deepEqual(levels(find(name)), ['fail'], name);
      assert.ok(find(name)[0]?.mend, name);
    }
  });

  it('warns of a claude of another version', async () => {
    const binary = join(folder, 'other-claude');
    await writeFile(binary, '#!/bin/sh\necho "9.9.9 (Claude Code)"\n');
    await chmod(binary, 0o755);
    const { code, find } = await diagnoseWith({ AGENTICORE_CLAUDE_BINARY: binary });
    assert.equal(code, 0);
    assert.deepEqual(levels(find('claude')), ['warn']);
    assert.match(find('claude')[0]?.fact ?? '', /9\.9\.9 .* 2\.1\.197/);
  });

  it('names every problem of the configuration', async () => {
    const { code, find } = await diagnoseWith({ AGENTICORE_PORT: 'many', LOG_LEVEL: 'loud' });
    assert.equal(code, 1);
    assert.deepEqual(levels(find('configuration')), ['fail', 'fail']);
  });

  it('names a broken profile, and leaves the others in peace', async () => {
    const profile = join(folder, 'with-profiles', 'broken');
    await mkdir(profile, { recursive: true });
    await writeFile(join(profile, 'profile.yml'), 'claude:\n  max_turns: many\n');
    const { code, find } = await diagnoseWith({ AGENTICORE_PROFILES_DIR: join(folder, 'with-profiles') });
    assert.equal(code, 1);
    assert.deepEqual(levels(find('profile broken')), ['fail']);
    assert.deepEqual(levels(find('profiles')), ['ok']);
  });

  it('sees that a folder is no folder', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const { code, find } = await diagnoseWith({ AGENTICORE_REPOS_ROOT: join(file, 'repos') });
    assert.equal(code, 1);
    assert.match(find('repositories')[0]?.fact ?? '', /a-file is no folder/);
  });

  it('sees that Redis is away, without showing its password', async () => {
    const { code, text, find } = await diagnoseWith({ REDIS_URL: 'redis://:hunter2@127.0.0.1:1/0' });
    assert.equal(code, 1);
    assert.deepEqual(levels(find('bus')), ['fail']);
    assert.match(find('bus')[0]?.mend ?? '', /^Start Redis/);
    assert.ok(!text.includes('hunter2'));
  });

  it('does not have a Redis started that is there, and cannot be used', needsOwnRedis, async (t) => {
    const redis = await startOwnRedis();
    const admin = new Redis(redis.url);
    t.after(async () => {
      admin.disconnect();
      await redis.stop();
    });
    const assertSaid = async (url: string, fact: RegExp): Promise<void> => {
      const { code, find } = await diagnoseWith({ REDIS_URL: url });
      const [found, ...others] = find('bus');
      assert.deepEqual([code, found?.level, found?.mend, others], [1, 'fail', undefined, []]);
      assert.match(found?.fact ?? '', fact);
    };
    await admin.call('ACL', 'SETUSER', 'reader', 'on', '>pw', '~*', '&*', '+@read', '+@connection', '+info');
    await assertSaid(
      `redis://reader:pw@127.0.0.1:${redis.port}`,
      /NOPERM.+docs\/redis\.md says what its user must/,
    );
    await admin.config('SET', 'maxmemory', '1');
    await assertSaid(redis.url, /takes nothing more: OOM .+; raise its maxmemory/);
    await admin.config('SET', 'maxmemory', '0');
    await admin.call('REPLICAOF', '127.0.0.1', '1');
    await assertSaid(redis.url, /READONLY.+; name the primary in its address \(REDIS_URL\)/);
  });

  it('warns of a Redis that does not keep what it is given', needsOwnRedis, async (t) => {
    const redis = await startOwnRedis();
    t.after(() => redis.stop());
    const { code, find } = await diagnoseWith({ REDIS_URL: redis.url });
    assert.equal(code, 0);
    assert.deepEqual(levels(find('bus')), ['ok', 'warn']);
    assert.match(find('bus')[1]?.fact ?? '', /no append-only file/);
    assert.match(find('bus')[1]?.mend ?? '', /appendonly yes and appendfsync always/);
  });

  it('says that the fleet leaves the model account of this machine alone, and until when', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const { url, keyPrefix } = redis;
    const bus = await openRedisBus({ url, keyPrefix, leaseMs: 60_000, consumer: 'test' });
    const passthrough = { ANTHROPIC_API_KEY: SECRET };
    const until = Date.now() + 7 * 86_400_000;
    await bus.breaker.open(fingerprintCredential(passthrough, sha256), until);
    await bus.close();
    const { code, find } = await diagnoseWith({ REDIS_URL: url, REDIS_KEY_PREFIX: keyPrefix });
    assert.equal(code, 0);
    assert.deepEqual(levels(find('model')), ['ok', 'warn']);
    const fact = find('model')[1]?.fact ?? '';
    assert.ok(fact.includes(`no job is started before ${new Date(until).toISOString()}`), fact);
  });

  it('tells a server of ours on the port from a stranger', async (t) => {
    const ours = await startServerDouble();
    t.after(() => ours.stop());
    const onPort = { AGENTICORE_PORT: String(ours.port) };
    const stranger = await diagnoseWith(onPort);
    assert.equal(stranger.code, 1);
    assert.match(stranger.find('port')[0]?.fact ?? '', /taken by another program/);
    ours.on('GET /health', (res) => json(res, 200, { status: 'ok', service: 'agenticore' }));
    const known = await diagnoseWith(onPort);
    assert.deepEqual(levels(known.find('port')), ['ok']);
  });
});
