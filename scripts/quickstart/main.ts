// The main job, watched live: starts a server on the file bus, submits a job, follows it, and looks at what came out.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseModel } from './choose-model.js';
import { followJob } from './follow-job.js';
import { pointAtResult, proveResult } from './look-at-result.js';
import { makeSampleRepository } from './sample-repository.js';
import { say } from './say.js';
import { startServer } from './start-server.js';

const TASK = 'Make the test pass.';
/** What a shell gives for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

export interface Wishes {
  /** A folder or a URL; absent: a sample is made. */
  readonly repo?: string;
  readonly task?: string;
}

/** Runs it; resolves with the exit code, when nothing runs any more and no file is left. */
export async function quickstart(wishes: Wishes): Promise<number> {
  const began = Date.now();
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interruption.abort());
  const folder = makeFolder();
  const stops: (() => Promise<void>)[] = [];
  let code = 1;
  try {
    code = await walkThrough(wishes, folder, stops, interruption.signal);
  } catch (error) {
    if (!interruption.signal.aborted)
      console.error(`\nagenticore: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
  if (interruption.signal.aborted) code = INTERRUPTED;
  const ending =
    code === 0
      ? `Done in ${((Date.now() - began) / 1000).toFixed(1)} s.`
      : code === INTERRUPTED
        ? 'Interrupted.'
        : 'The job did not succeed.';
  say(
    `${ending} Everything is stopped and cleaned up.`,
    ...(code === 0 ? ['Next: "Use it" in README.md.'] : []),
  );
  return code;
}

function makeFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'agenticore-quickstart-'));
  } catch {
    console.error(`agenticore: ${tmpdir()} cannot be written to: set TMPDIR to a folder of yours.`);
    return process.exit(1);
  }
}

async function walkThrough(
  { repo, task }: Wishes,
  folder: string,
  stops: (() => Promise<void>)[],
  signal: AbortSignal,
): Promise<number> {
  const isSample = repo === undefined;
  const address = repo ?? makeSampleRepository(folder);
  if (isSample) say('A sample repository with a failing test, and a bare remote of it, are ready.');
  const model = await chooseModel(isSample);
  stops.push(model.stop);
  const door = fileURLToPath(new URL('../../src/main.js', import.meta.url));
  // Whoever leaves the quickstart wants to leave: the server is not to wait for the job.
  const server = await startServer(door, folder, { ...model.env, AGENTICORE_DRAIN: '0' }, { detached: true });
  stops.push(server.stop);
  signal.throwIfAborted();
  say(`Agenticore listens on ${server.url}; its files are in`, folder);
  const code = await followJob(door, server.url, address, task ?? TASK, signal);
  if (code !== 0) return code;
  if (!isSample) await pointAtResult(server.url, address);
  else if (!proveResult(address, folder) && task === undefined) return 1;
  return 0;
}
