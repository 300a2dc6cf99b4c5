// Transitions as append.lua wants them: those that do the same in one group, what differs in lists side by side. Redis
// takes a few long lists in far faster than many small objects.
import { compareCursors } from '../../domain/cursor.js';
import { isTerminal, type Job, type JobStatus } from '../../domain/job.js';
import { repoOf } from '../../domain/placement.js';
import { upkeepAt } from '../../domain/upkeep.js';
import type { NextFor, Transition } from '../../ports/event-log.js';
import { type ClaimName, parseClaimToken } from './claim-token.js';
import type { Keys } from './keys.js';
import { type StartTemplate, startTemplate } from './start-template.js';
import { dueSecond } from './upkeep-notes.js';

/** The members are those that the head of append.lua names. */
export interface Group {
  readonly status: JobStatus;
  readonly placement: string;
  readonly lane: string;
  readonly enter?: JobStatus | undefined;
  readonly left?: JobStatus | undefined;
  readonly records: number;
  readonly isNew?: true | undefined;
  readonly worker?: string | undefined;
  readonly nextFor?: string | undefined;
  readonly start?: StartTemplate | undefined;
  readonly ids: string[];
  readonly versions: number[];
  readonly created: string[];
  readonly attempts: string[];
  events: string;
  heads?: string[];
  claims?: string[];
  oldest?: string;
  newest?: string;
  upkeep?: string[];
  extras?: Record<string, Extras>;
}

export interface GroupOptions {
  readonly maxPerRepo: number;
  readonly keys: Keys;
}

type Extras = Readonly<Record<string, string>>;

export interface Grouped<T> {
  readonly groups: readonly Group[];
  /** The items in turn of the groups and their jobs, as append.lua answers. */
  readonly inTurn: readonly T[];
  /** What is not in the groups. */
  readonly texts: readonly string[];
}

/** A group that is being gathered, and what its transitions have in common besides. */
interface Gathering<T> {
  readonly group: Group;
  readonly before: JobStatus | undefined;
  readonly nextFor: NextFor | undefined;
  readonly items: T[];
}

/** Groups the transitions of `items`. */
export function groupTransitions<T>(
  items: readonly T[],
  transitionOf: (item: T) => Transition,
  options: GroupOptions,
): Grouped<T> {
  const all: Gathering<T>[] = [];
  for (const item of items) {
    const transition = transitionOf(item);
    const claim = transition.claim === undefined ? undefined : parseClaimToken(transition.claim);
    let gathering = all.find((one) => isAlike(one, transition, claim?.worker));
    if (gathering === undefined) {
      const { before, nextFor } = transition;
      const group = openGroup(transition, claim?.worker, options.keys);
      gathering = { group, before, nextFor, items: [] };
      all.push(gathering);
    }
    join(gathering.group, transition, claim, options.maxPerRepo);
    gathering.items.push(item);
  }
  const inTurn: T[] = [];
  const texts: string[] = [];
  for (const gathering of all)
    for (const item of gathering.items) {
      const { lines, request } = transitionOf(item);
      inTurn.push(item);
      texts.push(...lines);
      if (request !== undefined) texts.push(request);
    }
  return { groups: all.map(({ group }) => group), inTurn, texts };
}

/** True when the transition differs from those of the group only in what groups have lists for. */
function isAlike<T>(
  { group, before, nextFor }: Gathering<T>,
  transition: Transition,
  worker: string | undefined,
): boolean {
  const { status, order } = transition.after.job;
  return (
    group.status === status &&
    before === transition.before &&
    group.placement === transition.placement.kind &&
    group.records === transition.records.length &&
    group.isNew === isNew(transition) &&
    group.worker === worker &&
    nextFor === transition.nextFor &&
    group.lane === order.lane
  );
}

function openGroup(transition: Transition, worker: string | undefined, keys: Keys): Group {
  const { before, placement, records, after, nextFor } = transition;
  const { status, order } = after.job;
  return {
    status,
    placement: placement.kind,
    lane: order.lane,
    enter: before === status ? undefined : status,
    left: before === status ? undefined : before,
    records: records.length,
    isNew: isNew(transition),
    worker,
    nextFor: nextFor?.worker,
    start: nextFor?.start && startTemplate(nextFor.worker, nextFor.start, keys),
    ids: [],
    versions: [],
    created: [],
    attempts: [],
    events: '',
  };
}

const isNew = ({ expectedVersion }: Transition): true | undefined =>
  expectedVersion === 0 ? true : undefined;

function join(group: Group, transition: Transition, claim: ClaimName | undefined, maxPerRepo: number): void {
  const { jobId, expectedVersion, after } = transition;
  group.ids.push(jobId);
  group.versions.push(expectedVersion);
  group.created.push(String(after.job.createdAt));
  group.attempts.push(String(after.job.attempt));
  const event = `${jobId} ${expectedVersion + 1} ${group.records}`;
  group.events = group.events === '' ? event : `${group.events} ${event}`;
  const second = dueSecond(after.job);
  if (second !== undefined) {
    group.upkeep ??= [];
    group.upkeep.push(String(second));
  }
  if (transition.placement.kind === 'enqueue') {
    group.heads ??= [];
    group.heads.push(
      isStartable(after.job) ? `${after.head()} ${after.job.createdAt} ${upkeepAt(after.job)}` : '',
    );
  }
  if (claim !== undefined) {
    const { entryId, deliveries } = claim;
    group.claims ??= [];
    group.claims.push(entryId, String(deliveries));
    if (group.oldest === undefined || compareCursors(entryId, group.oldest) < 0) group.oldest = entryId;
    if (group.newest === undefined || compareCursors(entryId, group.newest) > 0) group.newest = entryId;
  }
  const extras = extrasOf(maxPerRepo, transition);
  if (extras === undefined) return;
  group.extras ??= {};
  group.extras[group.ids.length] = extras;
}

/** One that has no other attempt to lose is left to whoever is sure to run it. */
const isStartable = ({ kind, order }: Job): boolean => kind === 'task' && order.maxAttempts > 1;

/** What only some transitions have, by name. */
function extrasOf(maxPerRepo: number, transition: Transition): Extras | undefined {
  const { before, placement, answer, idempotency, deadLetter, callback } = transition;
  const { job } = transition.after;
  const extras: Record<string, string> = {};
  if (maxPerRepo > 0 && placement.kind === 'enqueue') {
    const repo = repoOf(job);
    if (repo !== undefined) extras.repo = repo;
  }
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
  return Object.keys(extras).length === 0 ? undefined : extras;
}

/** Half of a character that takes two, which Redis' JSON refuses, becomes what UTF-8 makes of it. */
const wellFormed = (text: string): string =>
  /\p{Surrogate}/u.test(text) ? Buffer.from(text).toString() : text;
