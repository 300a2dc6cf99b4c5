// Whose directory it is, when two attempts of one job meet on a host.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createJobDirectories } from '../../../src/adapters/job-files/job-directories.js';
import { isCode } from '../../../src/domain/errors.js';
import { tempDir } from '../../support/temp-dir.js';

describe("a job's directory", () => {
  it('is emptied before and after an attempt, but for the sessions', async (t) => {
    const directories = createJobDirectories(await tempDir(t));
    const jobId = randomUUID();
    const { root, configDir } = await directories.prepare(jobId, 1);
    assert.equal(statSync(root).mode & 0o777, 0o700);
    await mkdir(join(configDir, 'projects', 'p'), { recursive: true });
    const session = join(configDir, 'projects', 'p', 's.jsonl');
    const litter = [join(root, 'tmp', 'x'), join(root, 'prompt.md'), join(configDir, 'settings.json')];
    for (const path of [session, ...litter]) await writeFile(path, '');
    await directories.prepare(jobId, 2);
    assert.deepEqual([session, ...litter].filter(existsSync), [session]);
    await writeFile(join(root, 'prompt.md'), '');
    await directories.tidy(jobId, 2);
    assert.deepEqual([session, ...litter].filter(existsSync), [session]);
  });

  it('is left alone by an attempt that was overtaken on the same host', async (t) => {
    const directories = createJobDirectories(await tempDir(t));
    const jobId = randomUUID();
    await directories.prepare(jobId, 1);
    const { root } = await directories.prepare(jobId, 2);
    const prompt = join(root, 'prompt.md');
    await writeFile(prompt, '');
    await directories.tidy(jobId, 1);
    assert.ok(existsSync(prompt), 'what the second attempt needs is still there');
    await assert.rejects(directories.prepare(jobId, 1), (error) => isCode(error, 'STALE_ATTEMPT'));
    assert.ok(existsSync(prompt));
  });
});
