// Secrets that are planted wherever one can come from, and looked for wherever one could end up.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import type { Script } from '../../scripts/scripted-model/script.js';
import { openKeys } from '../../src/adapters/redis/keys.js';
import { ledgerLines, packedAnswer } from '../../src/adapters/redis/ledger-lines.js';
import { createSampleRemote, type SampleRemote } from '../support/git-repository.js';
import { type GitHub, startGitHub } from '../support/github/github.js';
import { tempDir } from '../support/temp-dir.js';
import { filesWith, processFilesWith } from '../support/where-is.js';
import { type Fleet, startFleet } from './fleet.js';
import { type BusName, DOOR, MODEL_KEY } from './surrounded-server.js';

const IN_THE_TASK = 'ghp_PlantedInTheTask0123456789';
const PRINTED = 'sk-ant-planted-printed-0123456789';

/** Prints all that it can get at, and leaves something to push. */
const lookAround: Script = {
  name: 'look-around',
  match: 'look around',
  steps: [
    {
      call: [
        {
          tool: 'Bash',
          input: {
            command: [
              `echo ${PRINTED.replace('-printed', "''-printed")} "$ANTHROPIC_API_KEY"`,
              'git config --list --show-origin; git remote -v; env',
              "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | sort -u | cut -c1-500",
              'echo seen > seen.txt; git add -A; git commit -qm "Look around"',
            ].join('\n'),
          },
        },
      ],
    },
    { say: `I saw ${PRINTED} and ${MODEL_KEY}, and I was asked to keep ${IN_THE_TASK}.` },
  ],
};

interface Scene {
  readonly github: GitHub;
  readonly remote: SampleRemote;
  readonly fleet: Fleet;
  /** What of the host's the job must never see. */
  readonly hostSecrets: () => readonly string[];
}

/** A fleet that is known to a GitHub by a token, or by an App; what it is known by lies outside its own folder. */
async function openScene(t: TestContext, bus: BusName, way: 'token' | 'app'): Promise<Scene> {
  const folder = await tempDir(t);
  const github = await startGitHub();
  t.after(() => github.close());
  const remote = createSampleRemote(folder, 'shop', { 'a.txt': 'one\n' });
  github.addRepository('acme/shop', remote);
  const file = join(folder, 'secret');
  const app = github.addApp('agenticore');
  const token = way === 'token' ? github.addToken('octo-bot') : undefined;
  if (token === undefined) app.install('acme');
  writeFileSync(file, token ?? app.privateKey);
  const keyLines = app.privateKey.split('\n').filter((line) => /^[^-]{20}/.test(line));
  const env = {
    GITHUB_API_URL: github.apiUrl,
    AGENTICORE_ALLOWED_GIT_PROTOCOLS: 'http',
    AGENTICORE_ALLOWED_REPO_HOSTS: github.host,
    ...(token === undefined
      ? { GITHUB_APP_ID: String(app.id), GITHUB_APP_PRIVATE_KEY_PATH: file }
      : { GITHUB_TOKEN_FILE: file }),
  };
  const fleet = await startFleet(bus, [lookAround], env);
  t.after(() => fleet.close());
  return {
    github,
    remote,
    fleet,
    hostSecrets: () => (token === undefined ? [...github.world.tokens.keys(), ...keyLines] : [token]),
  };
}

/** All that is said to the Redis of a fleet, as long as the test runs; undefined without one. */
async function overhear(t: TestContext, { settings }: Fleet): Promise<readonly string[] | undefined> {
  if (settings.REDIS_URL === undefined) return undefined;
  const redis = new Redis(settings.REDIS_URL);
  const monitor = await redis.monitor();
  const said: string[] = [];
  monitor.on('monitor', (_time, args: readonly string[]) => said.push(args.join(' ')));
  t.after(() => {
    monitor.disconnect();
    redis.disconnect();
  });
  return said;
}

/** What was said is forgotten; on Redis the ledger is packed. */
async function trim(fleet: Fleet, jobId: string): Promise<void> {
  const env = { PATH: process.env.PATH, HOME: fleet.folder, AGENTICORE_URL: fleet.url, ...fleet.settings };
  const places = { AGENTICORE_HOME: join(fleet.folder, 'home') };
  const args = [DOOR, 'admin', 'trim', '--job', jobId, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...env, ...places } });
  assert.deepEqual(JSON.parse(stdout), { trimmed: [jobId] });
}

/** What lies deflated on Redis, where no search for a text finds it: ledger and answer. */
async function packed({ redis }: Fleet, jobId: string): Promise<readonly string[]> {
  if (redis === undefined) return [];
  const client = new Redis(redis.url);
  try {
    const keys = openKeys(redis.keyPrefix);
    assert.match((await client.lindex(keys.ledger(jobId), 0)) ?? '', /^P/);
    const answer = await packedAnswer(client, keys, jobId);
    assert.match(answer ?? '', /I saw/);
    return [...(await ledgerLines(client, keys, jobId)), answer ?? ''];
  } finally {
    client.disconnect();
  }
}

for (const [bus, way] of [
  ['file', 'token'],
  ['redis', 'app'],
] as const) {
  describe(`secrets, on the ${bus} bus, with ${way === 'app' ? 'an App' : 'a token'}`, () => {
    it('are in no process, file, stream, page or commit', async (t) => {
      const { github, remote, fleet, hostSecrets } = await openScene(t, bus, way);
      const overheard = await overhear(t, fleet);
      const everywhere = (): readonly string[] => [...hostSecrets(), MODEL_KEY, IN_THE_TASK, PRINTED];
      const inProcesses = (): readonly string[] => [
        ...hostSecrets().flatMap((secret) => processFilesWith(secret)),
        ...everywhere().flatMap((secret) => processFilesWith(secret, ['cmdline'])),
      ];
      const fetching = github.hold(/^POST .*git-upload-pack/, 'before');
      const pushing = github.hold(/^POST .*git-receive-pack/, 'before');

      const { id } = await fleet.submit({
        task: `look around, and keep ${IN_THE_TASK} to yourself`,
        repo_url: `${github.url}/acme/shop`,
      });
      await fetching.reached;
      assert.deepEqual(inProcesses(), [], 'while git fetches');
      fetching.release();
      await pushing.reached;
      assert.deepEqual(inProcesses(), [], 'while git pushes');
      pushing.release();
      const job = await fleet.ended(id);
      assert.equal(job.status, 'succeeded', JSON.stringify(job));
      assert.equal(remote.tip(`agenticore-${id}`), job.commit);

      const page = async (path: string): Promise<string> => (await fetch(`${fleet.url}${path}`)).text();
      const paths = ['', '/events', '/output', '/output?format=jsonl', '/diff'].map(
        (rest) => `/jobs/${id}${rest}`,
      );
      const pages = await Promise.all([...paths, '/jobs', '/workers'].map(page));
      assert.match(pages.join(''), /AGENTICORE_ATTEMPT/, 'claude saw processes, and the readers see that');
      const pulls = github.world.repositories.get('acme/shop')?.pulls;
      const told = [...pages, ...(overheard ?? []), JSON.stringify(pulls), remote.git('log', '--all', '-p')];
      const isOwn = (path: string): boolean => path.includes('/claude/projects/');
      for (const secret of everywhere()) {
        assert.deepEqual(
          told.filter((text) => text.includes(secret)).map((text) => text.slice(0, 300)),
          [],
        );
        assert.deepEqual(
          filesWith(secret, fleet.folder).filter((path) => !isOwn(path)),
          [],
        );
      }
      await trim(fleet, id);
      const kept = [
        ...(await Promise.all(['', '/events', '/output'].map((rest) => page(`/jobs/${id}${rest}`)))),
      ];
      kept.push(...(await packed(fleet, id)));
      assert.match(kept.join(''), /JobSucceeded/);
      for (const secret of everywhere()) {
        assert.deepEqual(
          kept.filter((text) => text.includes(secret)),
          [],
          'after a trim',
        );
        assert.deepEqual(
          filesWith(secret, fleet.folder).filter((path) => !isOwn(path)),
          [],
          'after a trim',
        );
      }
      // Claude's own session holds what its tools printed, as it was: what is the host's was not among it.
      const sessions = filesWith(MODEL_KEY, fleet.folder).filter(isOwn);
      assert.ok(sessions.length > 0);
      const sessionText = sessions.map((path) => readFileSync(path, 'utf8')).join();
      assert.deepEqual(
        hostSecrets().filter((secret) => sessionText.includes(secret)),
        [],
      );
    });
  });
}
