// How a server is: its memory, by the kernel and after a collection of garbage, and what it holds open.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { rssBytes } from '../bench/process-usage.js';

export interface Vitals {
  readonly rssBytes: number;
  /** What is left after a collection. */
  readonly heapBytes: number;
  readonly descriptors: number;
}

const PATIENCE_MS = 20_000;

/** Asks the probe in the process. Throws when it does not answer. */
export async function takeVitals(pid: number, file: string): Promise<Vitals> {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  const { heapBytes } = JSON.parse(await whenWritten(file)) as { heapBytes: number };
  return { rssBytes: rssBytes(pid), heapBytes, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

async function whenWritten(file: string): Promise<string> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(20)) {
    try {
      return readFileSync(file, 'utf8');
    } catch {}
  }
  throw new Error(`the server did not say how it is within ${PATIENCE_MS / 1000} s`);
}
