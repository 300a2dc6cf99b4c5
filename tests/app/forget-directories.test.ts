import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { it } from 'node:test';
import { createJobDirectories } from '../../src/adapters/job-files/job-directories.js';
import { forgetDirectoriesLoop } from '../../src/app/loops/forget-directories.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import { eventually } from '../support/eventually.js';
import { submit } from '../support/ledger.js';
import { tempDir } from '../support/temp-dir.js';
import { setStage } from './doubles.js';

const DAY_MS = 86_400_000;

it('takes away the directories of jobs that the bus no longer knows, long after their last attempt; one that cannot be read keeps its own', async (t) => {
  const { deps, bus, close } = await setStage();
  const directories = createJobDirectories(await tempDir(t));
  const prepared = async (jobId: string, daysAgo: number): Promise<string> => {
    const { root } = await directories.prepare(jobId, 1);
    const at = new Date(Date.now() - daysAgo * DAY_MS);
    await utimes(root, at, at);
    return root;
  };
  const known = await prepared(await submit(bus.events), 3);
  const unknown = await prepared(randomUUID(), 3);
  const recent = await prepared(randomUUID(), 0);
  const damagedId = randomUUID();
  const damaged = await prepared(damagedId, 4);
  const load = async (jobId: string): ReturnType<typeof bus.events.load> => {
    if (jobId === damagedId) throw new AgenticoreError('BUS_CORRUPT');
    return bus.events.load(jobId);
  };
  const events = { ...bus.events, load };
  const stop = new AbortController();
  const loop = forgetDirectoriesLoop({ ...deps, events, directories, graceMs: DAY_MS }, stop.signal);
  await eventually('it is gone', () => !existsSync(unknown));
  stop.abort();
  await loop;
  await close();
  assert.deepEqual([known, recent, damaged].map(existsSync), [true, true, true]);
});
