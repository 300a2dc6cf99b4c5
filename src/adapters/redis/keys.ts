// Every key and channel of the bus, in one place. All carry one hash tag, so that any script may touch any of them on
// a cluster; the lane of jobs is `{agenticore}:lane:jobs`, which is what an autoscaler reads.
import { AgenticoreError } from '../../domain/errors.js';
import { JOB_STATUSES, type JobStatus } from '../../domain/job.js';
import type { GrantKind } from '../../ports/grants.js';

/** The consumer group of every lane; spelled out in the scripts as well. */
export const LANE_GROUP = 'workers';

/** About how many entries the fleet stream keeps: each has the events of one call, mostly one to three. */
export const FLEET_LENGTH = 50_000;

export interface Keys {
  /** What every key begins with; scripts that meet other jobs build their keys from it. */
  readonly prefix: string;
  /** To do: the stream workers claim from. */
  lane(lane: string): string;
  /** Calls of workers that wait at a lane: a list. Each has a key behind this one: its offer, or what it was given. */
  offers(lane: string): string;
  /** Channel on which the workers of a process are told what they were given. */
  offerBell(own: string): string;
  /** Truth: the list of ledger records, each behind its cursor in the feed; of a trimmed job packed (packed-ledger.ts). */
  ledger(jobId: string): string;
  /** What scripts know of a job: a text. */
  view(jobId: string): string;
  /** The final answer; a short one of a job whose ledger is packed is in there. */
  answer(jobId: string): string;
  /** JSON of the whole request of a turn that waits or runs. */
  request(jobId: string): string;
  /** What was said in a job: a stream. With the events of the ledger it is what readers follow. */
  feed(jobId: string): string;
  /** Messages kept aside: a hash of `<attempt>:<seq>`. */
  whole(jobId: string): string;
  /** Where what was said in a job that comes from another bus is put until all of it is here. */
  stagedFeed(own: string): string;
  stagedWhole(own: string): string;
  /** All jobs by creation time: a sorted set. */
  readonly jobs: string;
  /** The jobs of a status by creation time: a sorted set. That of those that run has one member more (ledger.lua). */
  index(status: JobStatus): string;
  /** The indices of all statuses, in the order of JOB_STATUSES. */
  readonly indices: readonly string[];
  /** Jobs that wait for their time: a sorted set by that time. */
  readonly delayed: string;
  /** Jobs whose attempt is direct: a sorted set by when its lease lapses. */
  readonly leases: string;
  /** The seconds in which upkeep must look at jobs: a sorted set. */
  readonly dueSeconds: string;
  /** Ids of the jobs that it must look at in one of them: a list. */
  due(second: number | ''): string;
  /** Jobs that it has put off, or that came by another way: a sorted set by the time to look at them. */
  readonly upkeep: string;
  /** Jobs whose end is to be told: a sorted set by when that is due. */
  readonly callbacks: string;
  /** Ids of the jobs of a repository that its limit has let into their lanes: a set. */
  admitted(repo: string): string;
  /** Ids of the jobs that its limit holds back, in the order of arrival: a sorted set. */
  held(repo: string): string;
  /** Jobs that used up their attempts: a stream. */
  readonly dead: string;
  /** Every domain event of all jobs: a stream. */
  readonly fleet: string;
  /** What a call of append.lua claimed, for whoever must send it again: a string. */
  claimed(call: string): string;
  idempotency(key: string): string;
  /** Records of the workers: a hash. */
  readonly workers: string;
  /** Until when each worker counts as alive: a sorted set. */
  readonly alive: string;
  /** Workers that were asked to drain: a set. */
  readonly drains: string;
  /** Channel rung when something is asked of a worker. */
  workerBell(worker: string): string;
  /** Until when a model credential is left alone: a string. */
  breaker(credential: string): string;
  /** Where a conversation stands: JSON. */
  conversation(id: string): string;
  /** What was chosen to be shown in a scope: JSON. */
  streamConfig(scope: string): string;
  /** Whose turn a conversation is: the holder. */
  turn(id: string): string;
  /** Channel rung when the turn of a conversation was ended. */
  turnBell(id: string): string;
  /** A client that registered itself, or a grant. */
  oauth(kind: GrantKind, id: string): string;
  /** How often something was done: a string. */
  tally(what: string): string;
  /** Who an MCP client is (`caller`), and what it follows (`follows <address>`): a hash. */
  visit(id: string): string;
  /** Set while a request of a visit counts as called off. */
  calledOff(id: string, request: string): string;
  /** Channel rung when something has changed in a visit. */
  visitBell(id: string): string;
  /** Channels rung when a feed has grown. */
  jobBell(jobId: string): string;
  readonly fleetBell: string;
  /** Which run of Redis serves, and since when: a string. */
  readonly served: string;
  /** Written to see whether writing is possible. */
  readonly probe: string;
}

/** The keys below `{keyPrefix}:`. Throws CONFIG_INVALID when the prefix cannot be a hash tag. */
export function openKeys(keyPrefix: string): Keys {
  if (!/^[^{}\s]+$/.test(keyPrefix)) {
    throw new AgenticoreError(
      'CONFIG_INVALID',
      'The key prefix of the bus must be at least one character, without braces or spaces.',
    );
  }
  const key = (rest: string): string => `{${keyPrefix}}:${rest}`;
  const index = (status: JobStatus): string => key(`jobs:${status}`);
  return {
    prefix: key(''),
    lane: (lane) => key(`lane:${lane}`),
    offers: (lane) => key(`offers:${lane}`),
    offerBell: (own) => key(`bell:offers:${own}`),
    ledger: (jobId) => key(`job:${jobId}:events`),
    view: (jobId) => key(`job:${jobId}`),
    answer: (jobId) => key(`job:${jobId}:answer`),
    request: (jobId) => key(`job:${jobId}:request`),
    feed: (jobId) => key(`job:${jobId}:feed`),
    whole: (jobId) => key(`job:${jobId}:whole`),
    stagedFeed: (own) => key(`staged:${own}:feed`),
    stagedWhole: (own) => key(`staged:${own}:whole`),
    jobs: key('jobs'),
    index,
    indices: JOB_STATUSES.map(index),
    delayed: key('delayed'),
    leases: key('leases'),
    dueSeconds: key('due'),
    due: (second) => key(`due:${second}`),
    upkeep: key('upkeep'),
    callbacks: key('callbacks'),
    admitted: (repo) => key(`admitted:${repo}`),
    held: (repo) => key(`held:${repo}`),
    dead: key('dead'),
    fleet: key('fleet'),
    claimed: (call) => key(`claimed:${call}`),
    idempotency: (idempotencyKey) => key(`idem:${idempotencyKey}`),
    workers: key('workers'),
    alive: key('workers:alive'),
    drains: key('workers:drain'),
    workerBell: (worker) => key(`bell:worker:${worker}`),
    breaker: (credential) => key(`breaker:${credential}`),
    conversation: (id) => key(`conversation:${id}`),
    streamConfig: (scope) => key(`stream_config:${scope}`),
    turn: (id) => key(`turn:${id}`),
    turnBell: (id) => key(`bell:turn:${id}`),
    oauth: (kind, id) => key(`oauth:${kind}:${id}`),
    tally: (what) => key(`tally:${what}`),
    visit: (id) => key(`visit:${id}`),
    calledOff: (id, request) => key(`visit:${id}:off:${request}`),
    visitBell: (id) => key(`bell:visit:${id}`),
    jobBell: (jobId) => key(`bell:job:${jobId}`),
    fleetBell: key('bell:fleet'),
    served: key('served'),
    probe: key('probe'),
  };
}
