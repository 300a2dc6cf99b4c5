// The three measurements, the same for every queue.
import type { Contender, WorkListener } from './contender.js';

const deaf: WorkListener = { started() {}, done() {} };

/** Submissions per second with `inFlight` callers that each wait for their promise. */
export async function submitRate(queue: Contender, jobs: number, inFlight: number): Promise<number> {
  let left = jobs;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await queue.submit();
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: inFlight }, caller));
  return (jobs / (performance.now() - began)) * 1000;
}

/** Jobs per second from the first claim to the end of `jobs`, which wait already. */
export async function drainRate(queue: Contender, jobs: number, concurrency: number): Promise<number> {
  let left = jobs;
  let drained = (): void => {};
  const all = new Promise<void>((resolve) => {
    drained = resolve;
  });
  const done = (): void => {
    left -= 1;
    if (left === 0) drained();
  };
  const worker = await queue.work(concurrency, { ...deaf, done });
  const began = performance.now();
  worker.begin();
  await all;
  const rate = (jobs / (performance.now() - began)) * 1000;
  await worker.stop();
  return rate;
}

/** Milliseconds from the call that submits a job to its executor, one job at a time, with a worker that waits. */
export async function pickups(
  queue: Contender,
  samples: number,
  concurrency: number,
): Promise<readonly number[]> {
  let started = (): void => {};
  let done = (): void => {};
  const worker = await queue.work(concurrency, { started: () => started(), done: () => done() });
  worker.begin();
  const taken: number[] = [];
  for (let n = 0; n < samples; n += 1) {
    const ended = new Promise<void>((resolve) => {
      done = resolve;
    });
    const began = performance.now();
    started = () => taken.push(performance.now() - began);
    await Promise.all([queue.submit(), ended]);
    await new Promise((resolve) => setTimeout(resolve, 2)); // the worker goes back to waiting
  }
  await worker.stop();
  return taken;
}
