// The service that tells callers how their jobs ended, in every process that can sign it.
import { callBackLoop } from '../app/loops/call-back.js';
import { readCompletion } from '../app/turn/read-completion.js';
import type { Job } from '../domain/job.js';
import type { Service } from '../runtime/supervise.js';
import { completionJson } from '../surfaces/completions/completion-json.js';
import { jobLetter, letterJson } from '../surfaces/wire/callback-letter.js';
import type { Machines } from './machines.js';

/** None without a secret: others of the fleet may have one. */
export function callBackServices(machines: Machines): readonly Service[] {
  if (machines.config.callbacks.secrets.length === 0) return [];
  const { callbacks } = machines.bus;
  const deps = { ...machines, callbacks, letterOf: (job: Job) => letterOf(machines, job) };
  return [{ name: 'call-back', run: (signal) => callBackLoop(deps, signal) }];
}

/** A completion is told as its callers know it. */
export async function letterOf({ bus }: Pick<Machines, 'bus'>, job: Job): Promise<string> {
  const completion = job.order.turn?.uuid === undefined ? undefined : await readCompletion(bus, job.id);
  if (completion === undefined) return jobLetter(job, job.answer && (await bus.events.answer(job.id)));
  return letterJson(`completion.${completion.status}`, completion.endedAt ?? 0, completionJson(completion));
}
