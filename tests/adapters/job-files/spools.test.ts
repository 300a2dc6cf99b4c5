// Messages that wait on disk for the bus: in order, after whatever end of their process.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { appendFile, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createJobDirectories } from '../../../src/adapters/job-files/job-directories.js';
import { createSpools } from '../../../src/adapters/job-files/spools.js';
import type { Spool } from '../../../src/ports/spool.js';
import type { TranscriptEntry } from '../../../src/ports/transcript-log.js';
import { tempDir } from '../../support/temp-dir.js';

const entry = (seq: number, data = `{"seq":${seq}}`): TranscriptEntry => ({
  seq,
  kind: 'message',
  type: 'assistant',
  data,
});

async function everything(spool: Spool): Promise<TranscriptEntry[]> {
  const all: TranscriptEntry[] = [];
  for (let batch = await spool.next(); batch.length > 0; batch = await spool.next()) {
    all.push(...batch);
    spool.pass();
  }
  return all;
}

const name = () => ({ jobId: randomUUID(), attempt: 2 });

describe('a spool', () => {
  it('gives its entries in order, in batches of bounded size, a large one alone', async () => {
    const spool = createSpools(await tempDir()).open(name());
    const large = { ...entry(7), whole: 'é'.repeat(3_000_000) };
    const entries = [1, 2, 3, 4, 5, 6].map((seq) => entry(seq, 'ü'.repeat(250_000)));
    await spool.append(entries);
    await spool.append([large, entry(8)]);
    const first = await spool.next();
    assert.ok(first.length >= 1 && first.length < 4, String(first.length));
    assert.deepEqual(await spool.next(), first, 'the same until it is passed');
    assert.deepEqual(await everything(spool), [...entries, large, entry(8)]);
    assert.equal(spool.isWaiting, false);
    await spool.append([entry(9)]);
    assert.equal(spool.isWaiting, true);
    assert.deepEqual(await everything(spool), [entry(9)]);
    await spool.remove();
  });

  it('touches no disk before its first entry, is private, and is gone when all was passed', async () => {
    const root = await tempDir();
    const spools = createSpools(root);
    const { jobId, attempt } = name();
    const spool = spools.open({ jobId, attempt });
    assert.deepEqual(await spool.next(), []);
    await spool.remove();
    assert.deepEqual(await readdir(root), []);
    await spool.append([entry(1)]);
    assert.equal((await stat(join(root, jobId, 'spool-2.jsonl'))).mode & 0o777, 0o600);
    await spool.remove();
    assert.deepEqual(await readdir(join(root, jobId)), []);
    assert.deepEqual(await spools.left(), []);
  });

  it('is found by the next process, without the half line that a kill left; the job keeps it', async () => {
    const root = await tempDir();
    const { jobId, attempt } = name();
    const first = createSpools(root).open({ jobId, attempt });
    await first.append([entry(1), entry(2)]);
    await first.close();
    await appendFile(join(root, jobId, 'spool-2.jsonl'), '{"seq":3,"kind":"mess');
    await createJobDirectories(root).tidy(jobId, 1);
    await createJobDirectories(root).prepare(jobId, 1);

    const spools = createSpools(root);
    assert.deepEqual(await spools.left(), [{ jobId, attempt }]);
    assert.deepEqual(await spools.left(jobId), [{ jobId, attempt }]);
    const next = spools.open({ jobId, attempt });
    assert.deepEqual(await everything(next), [entry(1), entry(2)]);
    await next.append([entry(3)]);
    assert.deepEqual(await everything(next), [entry(3)], 'written over the half line');
    await next.close();
  });

  it('that the bus will not take is kept as marked evidence, and goes with the job', async () => {
    const root = await tempDir();
    const { jobId, attempt } = name();
    const spools = createSpools(root);
    const spool = spools.open({ jobId, attempt });
    await spool.append([entry(1)]);
    await spool.keepAsStale();
    assert.deepEqual(await spools.left(), []);
    const kept = await readFile(join(root, jobId, 'spool-2.stale.jsonl'), 'utf8');
    assert.deepEqual(kept, `${JSON.stringify(entry(1))}\n`);
    const directories = createJobDirectories(root);
    await directories.tidy(jobId, 1);
    assert.deepEqual(await readdir(join(root, jobId)), ['spool-2.stale.jsonl']);
    await directories.remove(jobId);
    assert.deepEqual(await readdir(root), []);
  });

  it('that was cut or damaged says so instead of going on', async () => {
    const root = await tempDir();
    const { jobId, attempt } = name();
    const spool = createSpools(root).open({ jobId, attempt });
    await spool.append([entry(1)]);
    await writeFile(join(root, jobId, 'spool-2.jsonl'), '');
    await assert.rejects(spool.next());
    await spool.close();
    await writeFile(join(root, jobId, 'spool-2.jsonl'), 'no JSON\n');
    const damaged = createSpools(root).open({ jobId, attempt });
    await assert.rejects(damaged.next());
    await damaged.close();
  });

  it('is never read or written through a link, nor for what is no job', async () => {
    const root = await tempDir();
    const { jobId, attempt } = name();
    await createJobDirectories(root).prepare(jobId, 1);
    await writeFile(join(root, 'elsewhere'), '');
    await symlink(join(root, 'elsewhere'), join(root, jobId, 'spool-2.jsonl'));
    const spool = createSpools(root).open({ jobId, attempt });
    await assert.rejects(spool.append([entry(1)]));
    await assert.rejects(spool.next());
    assert.equal(await readFile(join(root, 'elsewhere'), 'utf8'), '');
    assert.throws(() => createSpools(root).open({ jobId: '..', attempt }));
  });
});
