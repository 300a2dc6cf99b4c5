// What was acknowledged is there after any end of the process, and of the machine as far as it can be imitated.
import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFileBus } from '../../../src/adapters/file/open-file-bus.js';
import { compareCursors } from '../../../src/domain/cursor.js';
import { firstBreak } from '../../../src/domain/evidence.js';
import { eventually } from '../../support/eventually.js';
import { endAttempt, sha256, startAttempt, submission, submit } from '../../support/ledger.js';
import { tempDir } from '../../support/temp-dir.js';
import { runChild } from './run-child.js';

const open = (home: string, facts: string[] = []) =>
  openFileBus({ home, leaseMs: 60_000, log: (fact) => facts.push(fact) });
const folderOf = (home: string, jobId: string): string => join(home, 'bus', 'jobs', jobId);
const message = (seq: number) =>
  ({ seq, kind: 'message', type: 'assistant', data: `{"seq":${seq}}` }) as const;

test('a writer killed at any moment leaves every acknowledged append readable', {
  timeout: 120_000,
}, async (t) => {
  const home = await tempDir(t);
  const acknowledged = new Map<string, { version: number; seq: number }>();
  for (let round = 1; round <= 4; round += 1) {
    const child = runChild(t, 'append-until-killed', [home]);
    const wanted = 20 + Math.floor(Math.random() * 150);
    await eventually('the writer has written for a while', () => child.stdout().split('\n').length > wanted);
    child.process.kill('SIGKILL');
    await child.gone;
    assert.equal(child.stderr(), '');

    for (const line of child.stdout().split('\n').slice(0, -1)) {
      const { jobId, version = 0, seq = 0 } = JSON.parse(line);
      const known = acknowledged.get(jobId) ?? { version: 0, seq: 0 };
      acknowledged.set(jobId, { version: Math.max(known.version, version), seq: Math.max(known.seq, seq) });
    }
    const facts: string[] = [];
    const bus = await open(home, facts);
    assert.ok(!facts.includes('bus.ledger_unreadable'));
    for (const [jobId, { version, seq }] of acknowledged) {
      const records = await bus.events.read(jobId);
      assert.ok(records.length >= version, `job ${jobId} has version ${records.length} of ${version}`);
      assert.equal(firstBreak(records, sha256), undefined);
      assert.equal((await bus.events.load(jobId))?.job.version, records.length);
      const { entries } = await bus.feed.read({ kind: 'job', jobId }, undefined, 1000);
      const said = entries.filter(({ kind }) => kind === 'message').map(({ data }) => JSON.parse(data).seq);
      assert.ok(said.length >= seq);
      assert.deepEqual(said, [1, 2, 3, 4, 5, 6].slice(0, said.length));
      if (records.length === 4) assert.equal((await bus.events.answer(jobId))?.length, 3000);
    }
    const { entries } = await bus.feed.read({ kind: 'fleet' }, undefined, 100_000);
    const cursors = entries.map(({ cursor }) => cursor);
    assert.deepEqual(cursors, [...new Set(cursors)].sort(compareCursors));
    await bus.close();
  }
});

test('a last line cut short is dropped, wherever it was cut, and the ledger goes on', async (t) => {
  const home = await tempDir(t);
  let bus = await open(home);
  const jobId = await submit(bus.events);
  const path = join(folderOf(home, jobId), 'ledger.jsonl');
  const whole = (await readFile(path)).length;
  const started = await startAttempt(bus.events, jobId);
  const both = (await readFile(path)).length;

  for (const cut of [whole + 1, whole + 10, both - 2, both - 1]) {
    await bus.close();
    await truncate(path, cut);
    const facts: string[] = [];
    bus = await open(home, facts);
    assert.deepEqual(facts, ['bus.ledger_torn']);
    assert.equal((await bus.events.load(jobId))?.job.version, 1);
    assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 0 });
    assert.equal((await startAttempt(bus.events, jobId)).job.version, started.job.version);
    assert.equal((await bus.events.read(jobId)).length, 2);
  }
  await bus.close();
  bus = await open(home);
  assert.equal((await bus.events.read(jobId)).length, 2);
  await bus.close();
});

test('a job whose very first line was cut short never was', async (t) => {
  const home = await tempDir(t);
  let bus = await open(home);
  const first = submission();
  await bus.events.append(first);
  await bus.close();
  await truncate(join(folderOf(home, first.jobId), 'ledger.jsonl'), 40);
  await mkdir(folderOf(home, 'an-empty-folder'));
  const facts: string[] = [];
  bus = await open(home, facts);
  assert.deepEqual(facts, []);
  assert.deepEqual(await readdir(join(home, 'bus', 'jobs')), []);
  assert.equal(await bus.events.load(first.jobId), undefined);
  assert.deepEqual(await bus.events.append(first), { kind: 'appended' });
  await bus.close();
});

test('a folder that lost its ledger is reported and left alone', async (t) => {
  const home = await tempDir(t);
  let bus = await open(home);
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  await bus.transcript.append(jobId, 1, [message(1)]);
  await bus.close();
  await truncate(join(folderOf(home, jobId), 'ledger.jsonl'), 0);
  const facts: string[] = [];
  bus = await open(home, facts);
  assert.deepEqual(facts, ['bus.ledger_unreadable']);
  assert.deepEqual((await readdir(folderOf(home, jobId))).sort(), ['ledger.jsonl', 'messages.jsonl']);
  await bus.close();
});

test('a message cut short is dropped, and the attempt goes on behind the last whole one', async (t) => {
  const home = await tempDir(t);
  let bus = await open(home);
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  await bus.transcript.append(jobId, 1, [message(1), message(2), message(3)]);
  await bus.close();
  const path = join(folderOf(home, jobId), 'messages.jsonl');
  await truncate(path, (await readFile(path)).length - 5);

  bus = await open(home);
  await assert.rejects(bus.transcript.append(jobId, 1, [message(4)]));
  assert.equal(await bus.transcript.append(jobId, 1, [message(3), message(4)]), 'appended');
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  const { entries } = await bus.feed.read({ kind: 'job', jobId }, undefined, 100);
  const said = entries.filter(({ kind }) => kind === 'message').map(({ data }) => JSON.parse(data).seq);
  assert.deepEqual(said, [1, 2, 3, 4]);
  await bus.close();
  await appendFile(path, '{"cursor":"1-1","attempt":1,"seq":5,"kind":"mess');
  bus = await open(home);
  assert.deepEqual((await bus.feed.read({ kind: 'job', jobId }, undefined, 100)).entries, entries);
  await bus.close();
});

test('a ledger damaged in the middle is reported and left alone, and the others work', async (t) => {
  const home = await tempDir(t);
  let bus = await open(home);
  const damages: Record<string, (text: string) => string> = {
    'garbage in a line': (text) => text.replace('"records"', '"rec\u0000ds"'),
    'a line that is missing': (text) => text.split('\n').slice(1).join('\n'),
    'a line twice': (text) => text + text.split('\n').slice(-2).join('\n'),
    'an unknown event': (text) => text.replaceAll('AttemptStarted', 'AttemptDreamt'),
    "another job's ledger": (text) => text.replaceAll(/"jobId":"[^"]*"/g, '"jobId":"another"'),
    'not JSON at all': () => 'hello\nworld\n',
  };
  const jobIds: string[] = [];
  for (const _ of Object.keys(damages)) {
    const jobId = await submit(bus.events);
    await startAttempt(bus.events, jobId);
    jobIds.push(jobId);
  }
  const healthy = await submit(bus.events);
  await bus.close();
  const texts = new Map<string, string>();
  for (const [index, damage] of Object.values(damages).entries()) {
    const path = join(folderOf(home, jobIds[index] ?? ''), 'ledger.jsonl');
    const text = damage(await readFile(path, 'utf8'));
    await writeFile(path, text);
    texts.set(path, text);
  }
  await writeFile(join(home, 'bus', 'jobs', 'a stray file'), 'hello');

  const unreadable: unknown[] = [];
  bus = await openFileBus({
    home,
    leaseMs: 60_000,
    log: (fact, fields) => unreadable.push([fact, fields?.job_id]),
  });
  assert.deepEqual(
    new Set(unreadable.map(String)),
    new Set(jobIds.map((id) => `bus.ledger_unreadable,${id}`)),
  );
  assert.equal(await bus.events.load(jobIds[0] ?? ''), undefined);
  await startAttempt(bus.events, healthy);
  await bus.close();
  for (const [path, text] of texts) assert.equal(await readFile(path, 'utf8'), text);
});

test('what fills the disk is refused and leaves everything as it was', { timeout: 60_000 }, async (t) => {
  const home = await tempDir(t);
  const child = runChild(t, 'hit-file-limit', [home], 'ulimit -f 64');
  const { code } = await child.gone;
  assert.equal(code, 0, child.stderr());
  const { jobId, version, other, seq } = JSON.parse(child.stdout());

  const facts: string[] = [];
  const bus = await open(home, facts);
  assert.deepEqual(facts, []);
  assert.deepEqual((await readdir(join(home, 'bus', 'jobs'))).sort(), [jobId, other].sort());
  assert.equal((await bus.events.read(jobId)).length, version);
  assert.equal((await bus.feed.read({ kind: 'job', jobId: other }, undefined, 1000)).entries.length, 2 + seq);
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  assert.equal(await bus.transcript.append(other, 1, [message(seq + 1)]), 'appended');
  await endAttempt(bus.events, other, { kind: 'succeeded' }, { answer: 'done' });
  await bus.close();
});
