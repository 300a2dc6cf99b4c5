// A folder of one's own for a test, gone when the test (or, without one, the process) is over.
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const REMOVE = { recursive: true, force: true, maxRetries: 5 } as const;
const leftovers: string[] = [];
process.once('exit', () => {
  for (const path of leftovers) rmSync(path, REMOVE);
});

/** Makes an empty folder. Pass the test context (or anything with `after`) to have it removed when that test ends. */
export async function tempDir(t?: { after(done: () => Promise<void>): void }): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'agenticore-test-'));
  t?.after(() => rm(path, REMOVE));
  // In any case: hooks run in the order in which they came, so that what the test stops later may still write here.
  leftovers.push(path);
  return path;
}
