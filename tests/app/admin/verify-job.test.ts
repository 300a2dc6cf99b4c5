// Whoever changes what a job left on the bus is found out, on either bus, and told where.
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openFileBus, readFileBus } from '../../../src/adapters/file/open-file-bus.js';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import { trimJobs } from '../../../src/app/admin/trim-jobs.js';
import { divergenceOf, type Verified, verifyJob } from '../../../src/app/admin/verify-job.js';
import { isCode } from '../../../src/domain/errors.js';
import type { Bus } from '../../../src/ports/bus.js';
import { freshPrefix, openBus, useRedis } from '../../adapters/redis/redis-under-test.js';
import { sha256, startAttempt, submit } from '../../support/ledger.js';
import { tempDir } from '../../support/temp-dir.js';
import { makeWholeHistory } from '../../support/whole-history.js';

const redis = useRedis();

interface Scope {
  after(done: () => Promise<void>): void;
}

type Change = (lines: readonly string[]) => readonly string[];

/** A bus whose insides somebody can get at. */
interface Scene {
  readonly bus: Bus;
  ledger(jobId: string, change: Change): Promise<void>;
  feed(jobId: string, change: Change): Promise<void>;
  whole(jobId: string, change: (text: string) => string | undefined): Promise<void>;
  answer(jobId: string, text: string): Promise<void>;
  verify(jobId: string): Promise<Verified>;
}

const look = (bus: Bus, jobId: string): Promise<Verified> =>
  verifyJob({ bus, hash: sha256, readSession: async () => undefined }, jobId);

async function onFiles(t: Scope): Promise<Scene> {
  const home = await tempDir();
  const bus = await openFileBus({ home, leaseMs: 600_000 });
  t.after(async () => {
    await bus.close();
    await rm(home, { recursive: true, force: true });
  });
  const folder = (jobId: string): string => join(home, 'bus', 'jobs', jobId);
  const edit = async (path: string, change: Change): Promise<void> => {
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    await writeFile(path, `${change(lines).join('\n')}\n`);
  };
  const named = async (jobId: string, begin: string): Promise<string> => {
    const names = await readdir(folder(jobId), { recursive: true });
    return join(folder(jobId), names.find((name) => name.startsWith(begin)) ?? 'none');
  };
  return {
    bus,
    ledger: (jobId, change) => edit(join(folder(jobId), 'ledger.jsonl'), change),
    // Each line keeps its place, and says something else.
    feed: (jobId, change) =>
      edit(join(folder(jobId), 'messages.jsonl'), (lines) => {
        const parts = lines.map((line) => line.split(/(?<=,"data":)(.*)/s));
        const behind = parts.at(-1)?.[0]?.replace(/-(\d+)/, (_, n) => `-${Number(n) + 1}`) ?? '';
        const places = [...parts.map(([place = '']) => place), behind];
        return change(parts.map(([, data = '']) => data)).map((data, at) => `${places[at]}${data}`);
      }),
    async whole(jobId, change) {
      const path = await named(jobId, 'whole/');
      const text = change(await readFile(path, 'utf8'));
      await (text === undefined ? rm(path) : writeFile(path, text));
    },
    answer: async (jobId, text) => writeFile(await named(jobId, 'answer-'), text),
    async verify(jobId) {
      const beside = await readFileBus({ home, leaseMs: 600_000 });
      return look(beside, jobId).finally(beside.close);
    },
  };
}

async function onRedis(t: Scope): Promise<Scene> {
  const { admin, server } = redis;
  const keyPrefix = freshPrefix(server);
  const bus = await openBus(server, { keyPrefix });
  t.after(bus.close);
  const keys = openKeys(keyPrefix);
  return {
    bus,
    async ledger(jobId, change) {
      const records = change(await admin.lrange(keys.ledger(jobId), 0, -1));
      await admin.del(keys.ledger(jobId));
      await admin.rpush(keys.ledger(jobId), ...records);
    },
    async feed(jobId, change) {
      // Between two places there is room for one more.
      const wider = (text: string): string => text.replace(/^(\d+-)(\d+)/, (_, ms, n) => ms + Number(n) * 2);
      const events = await admin.lrange(keys.ledger(jobId), 0, -1);
      for (const [at, line] of events.entries()) await admin.lset(keys.ledger(jobId), at, wider(line));
      const rows = await admin.xrange(keys.feed(jobId), '-', '+');
      const ids = rows.map(([id]) => wider(id));
      const behind = (ids.at(-1) ?? '0-0').replace(/\d+$/, (n) => String(Number(n) + 1));
      const changed = change(rows.map(([, fields]) => fields.join('\0')));
      await admin.del(keys.feed(jobId));
      for (const [at, line] of changed.entries())
        await admin.xadd(keys.feed(jobId), ids[at] ?? behind, ...line.split('\0'));
    },
    async whole(jobId, change) {
      const [[field, text] = ['', '']] = Object.entries(await admin.hgetall(keys.whole(jobId)));
      const changed = change(text);
      if (changed === undefined) await admin.hdel(keys.whole(jobId), field);
      else await admin.hset(keys.whole(jobId), field, changed);
    },
    answer: async (jobId, text) => void (await admin.set(keys.answer(jobId), text)),
    verify: (jobId) => look(bus, jobId),
  };
}

const without =
  (at: number): Change =>
  (lines) =>
    lines.toSpliced(lines.length + at, 1);
const twice =
  (at: number): Change =>
  (lines) =>
    lines.toSpliced(lines.length + at, 0, lines.at(at) ?? '');
const swapped: Change = (lines) => lines.with(1, lines[3] ?? '').with(3, lines[1] ?? '');
const edited =
  (from: string, to: string): Change =>
  (lines) =>
    lines.map((line) => line.replace(from, to));

/** What somebody did, how, and what the verdict must say. */
const MISCHIEF: readonly (readonly [string, (scene: Scene, jobId: string) => Promise<void>, RegExp])[] = [
  ['a message deleted', ({ feed }, id) => feed(id, without(-3)), /^transcript: it breaks at message 2:[56]:/],
  [
    'the last message deleted',
    ({ feed }, id) => feed(id, without(-1)),
    /^seals: the transcript of attempt 2 .* 2 messages, and there were 3$/,
  ],
  [
    'a message edited',
    ({ feed }, id) => feed(id, edited('"three"', '"threx"')),
    /^transcript: it breaks at message 2:4/,
  ],
  [
    'the last message edited',
    ({ feed }, id) => feed(id, edited('"four ', '"five ')),
    /^seals: .* 3 messages, and they are others$/,
  ],
  ['a message said twice', ({ feed }, id) => feed(id, twice(-1)), /^(transcript|feed): /],
  ['messages in another order', ({ feed }, id) => feed(id, swapped), /^transcript: it breaks at message 1:4/],
  [
    'a foreign message put in',
    ({ feed }, id) => feed(id, edited('"seq":2,"prev"', '"seQ":2,"prev"')),
    /^transcript: the message at .* has no place/,
  ],
  [
    'a message kept aside edited',
    ({ whole }, id) => whole(id, (text) => text.replace('xx', 'xy')),
    /^kept aside: message 2:4 is not the one/,
  ],
  [
    'a message kept aside deleted',
    ({ whole }, id) => whole(id, () => undefined),
    /^kept aside: message 2:4 is missing/,
  ],
  ['the answer edited', ({ answer }, id) => answer(id, 'Nothing was done.'), /^answer: it is another one/],
  [
    'an event edited',
    ({ ledger }, id) => ledger(id, edited('"numTurns":3', '"numTurns":4')),
    /^ledger: it breaks at version 6/,
  ],
  ['the last event deleted', ({ ledger }, id) => ledger(id, without(-1)), /./],
];

for (const [name, open] of [
  ['file', onFiles],
  ['redis', onRedis],
] as const) {
  describe(`verifying a job on the ${name} bus`, () => {
    it('finds a job whole, and says what it compared', async (t) => {
      const scene = await open(t);
      const jobId = await makeWholeHistory(scene.bus);
      const { status, checks } = await scene.verify(jobId);
      assert.equal(status, 'succeeded');
      assert.deepEqual(
        checks.map(({ name: check, result }) => `${check} ${result}`),
        [
          'ledger whole',
          'feed whole',
          'transcript whole',
          'seals whole',
          'kept aside whole',
          'answer whole',
          'session unknown',
        ],
      );
    });

    for (const [what, act, verdict] of MISCHIEF) {
      it(`sees ${what}`, async (t) => {
        const scene = await open(t);
        const jobId = await makeWholeHistory(scene.bus);
        await act(scene, jobId);
        const verified = await scene.verify(jobId);
        const found = divergenceOf(verified);
        if (what === 'the last event deleted') {
          // A ledger without its end is that of a job that goes on; its feed may still tell of it.
          assert.ok(found !== undefined || verified.status === 'open');
        } else assert.match(`${found?.name}: ${found?.fact}`, verdict, JSON.stringify(verified, null, 2));
      });
    }

    it('says of a trimmed job what is no longer kept, and of an open one what is not sealed', async (t) => {
      const scene = await open(t);
      const jobId = await makeWholeHistory(scene.bus);
      await trimJobs(scene.bus, sha256, { jobId });
      const trimmed = await scene.verify(jobId);
      assert.equal(divergenceOf(trimmed), undefined, JSON.stringify(trimmed));
      const unknown = trimmed.checks.filter(({ result }) => result === 'unknown').map((check) => check.name);
      assert.deepEqual(unknown, ['transcript', 'seals', 'session']);

      const open_ = await submit(scene.bus.events);
      await startAttempt(scene.bus.events, open_);
      const running = await scene.verify(open_);
      assert.equal(running.status, 'open');
      assert.equal(divergenceOf(running), undefined);
      await assert.rejects(scene.verify('00000000-0000-4000-8000-000000000000'), (error) =>
        isCode(error, 'JOB_NOT_FOUND'),
      );
    });
  });
}
