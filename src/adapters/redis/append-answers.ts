// What append.lua answers, as those who asked for the transitions want it.
import type { AppendResult } from '../../ports/event-log.js';
import type { StoredJob } from '../../ports/stored-job.js';
import type { Group } from './append-groups.js';
import { type LaneEntry, laneEntries } from './lane-entries.js';
import { asList, asText } from './reply.js';
import { startedWith } from './start-template.js';

/** All were appended; alone as an answer it tells that nothing was claimed, either. */
const ALL_APPENDED = 1;

/**
 * What became of a transition: with the entry that was claimed for the slot it freed, and the job of that if its attempt has
 * started; or with what Redis said.
 */
export type Answer =
  | { readonly kind: 'appended'; readonly entry?: LaneEntry; readonly started?: StoredJob | undefined }
  | Exclude<AppendResult, { readonly kind: 'appended' }>
  | { readonly kind: 'failed'; readonly error: string };

export const APPENDED = { kind: 'appended' } as const;

/** In turn of the groups and their jobs; one that is missing was appended, and that is all. */
export function readAnswers(reply: unknown, groups: readonly Group[]): readonly Answer[] {
  if (reply === ALL_APPENDED) return [];
  const [told, claimed] = asList(reply);
  const results = told === ALL_APPENDED ? [] : asList(told);
  const answers: Answer[] = [];
  for (const [which, { ids, start }] of groups.entries()) {
    const entries = [...laneEntries(asList(claimed)[which] ?? [])];
    for (let n = 0; n < ids.length; n += 1) {
      const answer = readResult(results[answers.length] ?? APPENDED.kind);
      const entry = answer.kind === 'appended' ? entries.shift() : undefined;
      const started = start && entry && startedWith(start, entry);
      answers.push(entry === undefined ? answer : { ...APPENDED, entry, started });
    }
  }
  return answers;
}

function readResult(result: unknown): Answer {
  if (result === 'appended') return APPENDED;
  if (result === 'conflict' || result === 'unclaimed') return { kind: result };
  const [kind, first, second] = asList(result);
  if (kind === 'duplicate') return { kind, jobId: asText(first), digest: asText(second) };
  if (kind === 'failed') return { kind, error: asText(first) };
  throw new Error(`append.lua answered ${String(kind)}`);
}
