// SIGKILL of the server wherever it happens to be: each job still ends once, with its evidence whole.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { assertEvidence, processesBelow } from './evidence.js';
import { type Fleet, parseFrames, startFleet } from './fleet.js';

const KILLS = Number(process.env.AGENTICORE_TEST_KILLS ?? 2);
const SEED = Number(process.env.AGENTICORE_TEST_SEED ?? 7);

/** After which fact the server is killed; `undefined`: some time after the job was accepted. */
const MOMENTS = [
  'CommitReady',
  undefined,
  'BranchPushed',
  'ClaudeStarted',
  'ClaudeFinished',
  'WorkspaceOpened',
  'JobSucceeded',
  undefined,
  'AttemptStarted',
] as const;

const writeSomething: Script = {
  name: 'write-something',
  match: 'write something',
  steps: [
    // An attempt that goes on in the worktree of one that had committed finds nothing left to do.
    {
      say: 'Writing.',
      call: [{ tool: 'Bash', input: { command: 'sleep 0.3; [ -e notes.txt ] || date +%N > notes.txt' } }],
    },
    {
      say: 'Committing.',
      call: [{ tool: 'Bash', input: { command: 'git add -A; git commit -qm Notes; sleep 0.2' } }],
    },
    { say: 'Written.' },
  ],
};

describe(`${KILLS} SIGKILLs of the server at any moment`, { concurrency: true }, () => {
  // In the short form moments that no other test kills at: go-on kills while claude works, pull-request at the push.
  for (const [bus, start] of [
    ['file', 0],
    ['redis', 4],
  ] as const) {
    it(`leave each job of the ${bus} bus ended once, its commit on the remote, its evidence whole, and nothing behind`, async () => {
      const random = seeded(SEED);
      const fleet = await startFleet(bus, [writeSomething], { AGENTICORE_MAX_ATTEMPTS: '9' });
      try {
        slowPushes(fleet.remote);
        for (let kill = 0; kill < KILLS; kill += 1) {
          const { id } = await fleet.submit({ task: 'write something', repo_url: fleet.remote });
          const moment = MOMENTS[(start + kill) % MOMENTS.length];
          if (moment !== undefined) await seen(fleet, id, moment);
          await sleep(random() * (moment === undefined ? 2500 : 200));
          fleet.kill();
          await eventually(
            'nothing goes on without the server',
            () => processesBelow(fleet.folder).length === 0,
          );
          await fleet.restart();
          const job = await fleet.ended(id);
          const about = `kill ${kill} at ${moment}: ${JSON.stringify(job)}`;
          assert.equal(job.status, 'succeeded', about);
          assert.equal(fleet.git('rev-parse', `agenticore-${id}`).trim(), job.commit, about);
          assert.equal(fleet.git('rev-list', '--count', `main..agenticore-${id}`).trim(), '1', about);
          await assertEvidence(fleet, id);
        }
        await eventually('no worktree is left', () => worktrees(fleet.folder).length === 0);
        await fleet.restart();
        assert.deepEqual(locks(fleet.folder), []);
        assert.deepEqual(processesBelow(fleet.folder), []);
      } finally {
        await fleet.close();
      }
    });
  }
});

/** The same numbers from 0 to 1 for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Gives kills a chance to hit a push. */
function slowPushes(remote: string): void {
  mkdirSync(join(remote, 'hooks'), { recursive: true });
  for (const hook of ['pre-receive', 'post-receive']) {
    writeFileSync(join(remote, 'hooks', hook), '#!/bin/sh\nsleep 0.1\n');
    chmodSync(join(remote, 'hooks', hook), 0o755);
  }
}

/** Resolves when the feed of the job has the event. */
async function seen(fleet: Fleet, jobId: string, event: string): Promise<void> {
  const stop = new AbortController();
  const response = await fetch(`${fleet.url}/jobs/${jobId}/events`, { signal: stop.signal });
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (parseFrames(text).some((frame) => frame.event === event)) break;
  }
  stop.abort();
}

const entries = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' });
const worktrees = (folder: string): readonly string[] => readdirSync(join(folder, 'worktrees'));
const locks = (folder: string): readonly string[] =>
  entries(join(folder, 'repos')).filter((name) => name.endsWith('.lock'));
