// The audit of a live agent: it passes where everything agrees, and each layer that somebody touched makes it fail.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { gather, type Place } from '../../scripts/audit/gather.js';
import { judge } from '../../scripts/audit/judge.js';
import { keepRun, type Run, readRun } from '../../scripts/audit/run.js';
import type { Script } from '../../scripts/scripted-model/script.js';
import { tempDir } from '../support/temp-dir.js';
import { type AgentUnderTest, startAgent } from './agent-kit.js';
import { MISCHIEF } from './audit-mischief.js';
import { type BusName, DOOR } from './surrounded-server.js';

const AGENT = 'agenticore-agent';
const SCRIPT = fileURLToPath(new URL('../../../tests/smoke/verify_streaming_pipeline.sh', import.meta.url));

const marked: Script = {
  name: 'marked',
  match: '/echo (?<marker>AUDIT-[0-9a-f-]+)/',
  steps: [
    {
      think: 'One command will do.',
      say: 'I run it.',
      call: [{ tool: 'Bash', input: { command: 'echo {{capture.marker}}', description: 'Say the marker' } }],
    },
    { think: 'That is all.', say: 'It printed {{capture.marker}}.' },
  ],
};

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/** Runs the script as a person would. */
const audit = (args: readonly string[], env: Record<string, string> = {}, script = SCRIPT): Promise<Ended> =>
  start('sh', [script, ...args], env);

function start(program: string, args: readonly string[], env: Record<string, string>): Promise<Ended> {
  const child = spawn(program, args, { env: { PATH: process.env.PATH ?? '', ...env } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (text += String(piece)));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, text })));
}

for (const bus of ['file', 'redis'] as const satisfies readonly BusName[]) {
  describe(`the audit of an agent on the ${bus} bus`, () => {
    let agent: AgentUnderTest;
    let home: string;
    let kept: string;
    let environment: Record<string, string>;
    let live: Ended;
    before(async () => {
      agent = await startAgent(bus, [marked]);
      home = join(agent.folder, 'home');
      kept = join(agent.folder, 'kept');
      const { redis } = agent;
      environment = {
        AGENTICORE_HOME: home,
        ...(redis ? { REDIS_URL: redis.url, REDIS_KEY_PREFIX: redis.keyPrefix } : {}),
      };
      live = await audit([AGENT, '--url', agent.url, '--out', kept], environment);
    });
    after(() => agent.close());

    it('passes, and passes again from what it kept, with nothing else there', async (t) => {
      assert.equal(live.code, 0, live.text);
      assert.match(live.text, /^# Audit of agenticore-agent: passed$/m);
      const copy = join(await tempDir(t), 'copy');
      cpSync(kept, copy, { recursive: true });
      const again = await audit([AGENT, '--replay', copy]);
      assert.equal(again.code, 0, again.text);
      assert.ok(existsSync(join(copy, 'audit-report.md')));
    });

    it('reads every layer at its own place', async () => {
      const run = readRun(kept);
      const place: Place = {
        ...{ url: agent.url, agent: AGENT, home, keyPrefix: agent.redis?.keyPrefix ?? '' },
        ...(agent.redis ? { redisUrl: agent.redis.url } : {}),
      };
      const failed = async (): Promise<string> =>
        judge(await gather(place, run))
          .filter(({ passed }) => !passed)
          .map(({ name }) => name)
          .join('; ');
      assert.equal(await failed(), '');

      const session = sessionFile(home);
      const written = readFileSync(session, 'utf8');
      writeFileSync(session, written.replace('"text":"I run it."', '"text":"I ran it."'));
      assert.match(await failed(), /^bus and disk agree in every text; the disk has the messages of the bus/);
      writeFileSync(session, written);
      assert.equal(await failed(), '');

      const restore = await editBus(agent, home, run, '"I run it."', '"I ran it."');
      assert.match(await failed(), /^wire and bus agree in every text.*chain of the transcript is whole$/);
      await restore();
      assert.equal(await failed(), '');
    });

    it('agrees with `admin verify`, which sees what was done to either side', async () => {
      const run = readRun(kept);
      const verify = (): Promise<Ended> =>
        start(process.execPath, [DOOR, 'admin', 'verify', run.jobId], environment);
      const whole = await verify();
      assert.equal(whole.code, 0, whole.text);
      assert.match(whole.text, /^session\twhole\t6 messages are in Claude's own file$/m);

      const session = sessionFile(home);
      const written = readFileSync(session, 'utf8');
      writeFileSync(session, written.replace('"content":"AUDIT-', '"content":"AUDIX-'));
      const edited = await verify();
      writeFileSync(session, written);
      assert.equal(edited.code, 1, edited.text);
      assert.match(
        edited.text,
        /not what it was: session: line \d+ of Claude's session file says something else/,
      );

      const restore = await editBus(agent, home, run, '"I run it."', '"I ran it."');
      const changed = await verify();
      await restore();
      assert.equal(changed.code, 1, changed.text);
      assert.match(changed.text, /not what it was: transcript: it breaks at message 1:\d+/);
      assert.equal((await verify()).code, 0);
    });

    if (bus === 'file') {
      it('cannot be done with an agent that is not there, or elsewhere', async (t) => {
        const empty = await tempDir(t);
        const nobody = await audit([AGENT, '--url', 'http://127.0.0.1:1'], environment);
        const other = await audit(['another-agent', '--url', agent.url], environment);
        const elsewhere = await audit([AGENT, '--url', agent.url, '--out', join(empty, 'run')], {
          AGENTICORE_HOME: empty,
        });
        const nothing = await audit([AGENT, '--replay', empty]);
        const unnamed = await audit([]);
        mkdirSync(join(empty, 'tests', 'smoke'), { recursive: true });
        const copied = join(empty, 'tests', 'smoke', 'verify.sh');
        cpSync(SCRIPT, copied);
        const unbuilt = await audit([AGENT], environment, copied);
        for (const [what, { code, text }] of Object.entries({
          nobody,
          other,
          elsewhere,
          nothing,
          unnamed,
          unbuilt,
        }))
          assert.equal(code, 2, `${what}: ${text}`);
        assert.match(nobody.text, /^no agent answers at http:\/\/127\.0\.0\.1:1 \(.*\); start it, or say/);
        assert.match(elsewhere.text, /^no job \S+ is in .*; set AGENTICORE_HOME or REDIS_URL/);
        assert.match(nothing.text, /^no audit was kept in /);
        assert.match(unbuilt.text, /not built yet/);
        assert.match(unnamed.text, /usage/);
      });

      it('ends with 1 when a layer of what it kept was touched', async (t) => {
        const folder = await tempDir(t);
        keepRun(folder, { ...readRun(kept), disk: '' });
        const { code, text } = await audit([AGENT, '--replay', folder]);
        assert.equal(code, 1, text);
        assert.match(text, /\| FAILED \|/);
      });

      for (const [layer, what, change, checks] of MISCHIEF) {
        it(`fails with the ${layer}: ${what}`, () => {
          const run = readRun(kept);
          const tampered: Run = { ...run, [layer]: change(run[layer]) };
          assert.notEqual(tampered[layer], run[layer], 'something was changed');
          const failed = judge(tampered).filter(({ passed }) => !passed);
          assert.match(failed.map(({ name }) => `| ${name} | FAILED |`).join('\n'), checks);
        });
      }
    }
  });
}

/** The one session below the folder of the agents. */
function sessionFile(home: string): string {
  const agents = join(home, 'agents');
  const names = readdirSync(agents, { recursive: true, encoding: 'utf8' });
  const [name, another] = names.filter((path) => /projects\/.*\.jsonl$/.test(path));
  assert.ok(name !== undefined && another === undefined, names.join('\n'));
  return join(agents, name);
}

/** Replaces a text in the messages of the bus, where they are stored; resolves with what sets it right again. */
async function editBus(
  { redis }: AgentUnderTest,
  home: string,
  { jobId }: Run,
  from: string,
  to: string,
): Promise<() => Promise<void>> {
  if (redis === undefined) {
    const path = join(home, 'bus', 'jobs', jobId, 'messages.jsonl');
    const stored = readFileSync(path, 'utf8');
    writeFileSync(path, stored.replaceAll(from, to));
    return async () => writeFileSync(path, stored);
  }
  const client = new Redis(redis.url);
  const key = `{${redis.keyPrefix}}:job:${jobId}:feed`;
  const rows = await client.xrange(key, '-', '+');
  const store = async (change: (field: string) => string): Promise<void> => {
    await client.del(key);
    for (const [id, fields] of rows) await client.xadd(key, id, ...fields.map(change));
  };
  await store((field) => field.replaceAll(from, to));
  return async () => {
    await store((field) => field);
    client.disconnect();
  };
}
