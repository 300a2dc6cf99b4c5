// Transitions as append.lua wants them: those that do the same in one group, what differs in lists side by side. Redis
// takes a few long lists in far faster than many small objects.
import { compareCursors } from '../../domain/cursor.js';
import { isTerminal, JOB_STATUSES, type JobStatus } from '../../domain/job.js';
import { upkeepAt } from '../../domain/upkeep.js';
import type { Transition } from '../../ports/event-log.js';
import { parseClaimToken } from './claim-token.js';

/** The members are those that the head of append.lua names. */
interface Group {
  readonly status: JobStatus;
  readonly placement: string;
  readonly lane: string;
  readonly enter?: number | undefined;
  readonly left?: number | undefined;
  readonly records: number;
  readonly isNew?: true | undefined;
  readonly worker?: string | undefined;
  readonly ids: string[];
  readonly versions: number[];
  readonly created: string[];
  readonly attempts: string[];
  readonly events: string[];
  readonly claims?: string[] | undefined;
  oldest?: string;
  newest?: string;
  readonly upkeep?: string[] | undefined;
  extras?: Record<string, Extras>;
}

type Extras = Readonly<Record<string, string>>;

export interface Grouped<T> {
  readonly groups: readonly Group[];
  /** The items in turn of the groups and their jobs, as append.lua answers. */
  readonly inTurn: readonly T[];
  readonly texts: readonly string[];
}

/** Groups the transitions of `items`. */
export function groupTransitions<T>(
  items: readonly T[],
  transitionOf: (item: T) => Transition,
  maxPerRepo: number,
): Grouped<T> {
  const groups = new Map<string, { readonly group: Group; readonly items: T[] }>();
  for (const item of items) {
    const transition = transitionOf(item);
    const worker = transition.claim === undefined ? undefined : parseClaimToken(transition.claim).worker;
    const name = groupName(transition, worker);
    let found = groups.get(name);
    if (found === undefined) {
      found = { group: openGroup(transition, worker), items: [] };
      groups.set(name, found);
    }
    join(found.group, transition, maxPerRepo);
    found.items.push(item);
  }
  const all = [...groups.values()];
  const inTurn = all.flatMap(({ items: ofGroup }) => ofGroup);
  return { groups: all.map(({ group }) => group), inTurn, texts: textsOf(inTurn.map(transitionOf)) };
}

/** Two transitions with one name differ in what groups have lists for. */
function groupName(transition: Transition, worker: string | undefined): string {
  const { before, expectedVersion, placement, records, after } = transition;
  const isNew = expectedVersion === 0;
  const goesOn = after.job.status === 'running';
  return `${before} ${after.job.status} ${placement.kind} ${records.length} ${isNew} ${goesOn} ${worker} ${after.job.order.lane}`;
}

function openGroup(
  { before, expectedVersion, placement, records, after }: Transition,
  worker?: string,
): Group {
  const { status, order } = after.job;
  return {
    status,
    placement: placement.kind,
    lane: order.lane,
    enter: before === status ? undefined : indexOf(status),
    left: before === status ? undefined : indexOf(before),
    records: records.length,
    isNew: expectedVersion === 0 ? true : undefined,
    worker,
    ids: [],
    versions: [],
    created: [],
    attempts: [],
    events: [],
    claims: worker === undefined ? undefined : [],
    upkeep: upkeepAt(after.job) === undefined ? undefined : [],
  };
}

/** Which of the indices is that of a status, from 1. */
const indexOf = (status: JobStatus | undefined): number | undefined =>
  status === undefined ? undefined : 1 + JOB_STATUSES.indexOf(status);

function join(group: Group, transition: Transition, maxPerRepo: number): void {
  const { jobId, expectedVersion, after, claim } = transition;
  group.ids.push(jobId);
  group.versions.push(expectedVersion);
  group.created.push(String(after.job.createdAt));
  group.attempts.push(String(after.job.attempt));
  group.events.push(`${jobId} ${expectedVersion + 1} ${group.records}`);
  group.upkeep?.push(String(upkeepAt(after.job)));
  if (claim !== undefined) {
    const { entryId, deliveries } = parseClaimToken(claim);
    group.claims?.push(entryId, String(deliveries));
    if (group.oldest === undefined || compareCursors(entryId, group.oldest) < 0) group.oldest = entryId;
    if (group.newest === undefined || compareCursors(entryId, group.newest) > 0) group.newest = entryId;
  }
  const extras = extrasOf(maxPerRepo, transition);
  if (extras === undefined) return;
  group.extras ??= {};
  group.extras[group.ids.length] = extras;
}

/** What only some transitions have, by name. */
function extrasOf(maxPerRepo: number, transition: Transition): Extras | undefined {
  const { before, expectedVersion, placement, answer, idempotency, deadLetter, callback } = transition;
  const { job } = transition.after;
  const extras: Record<string, string> = {};
  if (expectedVersion === 0 && placement.kind === 'enqueue' && maxPerRepo > 0 && placement.repo)
    extras.repo = placement.repo;
  if (placement.kind === 'delay') extras.dueAt = String(placement.until);
  if (answer !== undefined) extras.answer = wellFormed(answer);
  if (transition.request !== undefined) extras.asked = '1';
  if (job.kind === 'turn' && placement.kind === 'remove') extras[job.direct ? 'leased' : 'requested'] = '1';
  if (idempotency) {
    extras.idem = idempotency.key;
    extras.digest = idempotency.digest;
    extras.digestTtl = String(idempotency.ttlMs);
  }
  if (deadLetter !== 'none') {
    extras.letter = deadLetter;
    extras.code = job.code ?? '';
    extras.error = wellFormed(job.error ?? '');
  }
  if (callback !== 'same') extras.callbackAt = callback === 'settled' ? '' : String(callback.dueAt);
  if (before !== undefined && isTerminal(before)) extras.closed = '1';
  for (const _name in extras) return extras;
  return undefined;
}

/** Half of a character that takes two, which Redis' JSON refuses, becomes what UTF-8 makes of it. */
const wellFormed = (text: string): string =>
  /\p{Surrogate}/u.test(text) ? Buffer.from(text).toString() : text;

/** What is not in the groups. */
function textsOf(transitions: readonly Transition[]): readonly string[] {
  const texts: string[] = [];
  for (const { lines, request } of transitions) {
    texts.push(...lines);
    if (request !== undefined) texts.push(request);
  }
  return texts;
}
