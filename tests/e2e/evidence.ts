// What a job leaves behind, checked as an auditor would: ledger, feed and transcript agree, chained and whole.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canonicalJson, firstBreak } from '../../src/domain/evidence.js';
import type { Fleet } from './fleet.js';
import { DOOR } from './surrounded-server.js';

const run = promisify(execFile);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const ENDINGS = ['JobSucceeded', 'JobFailed', 'JobCancelled', 'JobExpired'];

/** Asserts that an ended job ended once, and that its ledger, its feed and its transcript are whole. */
export async function assertEvidence(fleet: Fleet, jobId: string): Promise<void> {
  const records = await fleet.ledger(jobId);
  assert.equal(firstBreak(records, sha256), undefined, 'the chain of the ledger is whole');
  const types = records.map(({ type }) => type);
  assert.equal(types.filter((type) => ENDINGS.includes(type)).length, 1, types.join(' '));
  assert.ok(ENDINGS.includes(types.at(-1) ?? ''), types.join(' '));

  const frames = await fleet.feed(jobId);
  assert.equal(new Set(frames.map(({ id }) => id)).size, frames.length, 'no frame comes twice');
  const versions = frames.map(({ data }) => data.version).filter((version) => version !== undefined);
  assert.deepEqual(
    versions,
    records.map(({ version }) => version),
    'the feed has every event once, in order',
  );

  const text = await (await fetch(`${fleet.url}/jobs/${jobId}/output?format=jsonl`)).text();
  const lines = text.split('\n').filter((line) => line !== '');
  const seals = new Map<number, { count: number; head: string }>();
  for (const record of records)
    if (record.type === 'AttemptStarted')
      seals.set(record.attempt, { count: 0, head: sha256(canonicalJson(record)) });
  for (const line of lines) {
    const { attempt, prev } = JSON.parse(line);
    const seal = seals.get(attempt);
    assert.equal(prev, seal?.head, `each message names the one before: ${line.slice(0, 200)}`);
    seals.set(attempt, { count: (seal?.count ?? 0) + 1, head: sha256(line) });
  }
  // Claude finishes more than once in an attempt whose work did not pass its verification; the last seal is of it all.
  const last = new Map(
    records.flatMap((record) => (record.type === 'ClaudeFinished' ? [[record.attempt, record]] : [])),
  );
  for (const [attempt, { transcript }] of last) assert.deepEqual(seals.get(attempt), transcript);
}

/** Asserts that `admin verify` finds nothing wrong with a job, Claude's own session file included. */
export async function assertVerified(
  { settings, folder }: Pick<Fleet, 'settings' | 'folder'>,
  jobId: string,
): Promise<void> {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    AGENTICORE_HOME: join(folder, 'home'),
    ...settings,
  };
  const { stdout } = await run(process.execPath, [DOOR, 'admin', 'verify', jobId, '--json'], { env }).catch(
    (error: { readonly stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );
  assert.equal(JSON.parse(stdout).divergence, null, stdout);
}

/** Command lines of the processes that work below `folder`, the servers themselves left out. */
export function processesBelow(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const places = [readlinkSync(`/proc/${pid}/cwd`), readFileSync(`/proc/${pid}/environ`, 'utf8')];
        const isServer = command.trimEnd().endsWith('main.js serve');
        return !isServer && [command, ...places].some((text) => text.includes(folder)) ? [command] : [];
      } catch {
        return []; // it ended while we looked
      }
    });
}
