// Counts what happens where it is written: by the one process whose transition the bus took, so that each fact of a
// fleet is counted once, whoever reads of it.
import { endingOf } from '../domain/endings.js';
import { type ErrorCode, publicCode } from '../domain/errors.js';
import type { Job } from '../domain/job.js';
import type { JobEvent, Usage } from '../domain/job-event.js';
import type { Bus } from '../ports/bus.js';
import type { CommandQueue } from '../ports/command-queue.js';
import type { EventLog, Transition } from '../ports/event-log.js';
import type { Meter } from '../ports/meter.js';

/** Callers name models as they like; more than so many are `other`. */
const MOST_MODELS = 50;

/** The bus, with everything that is appended to its ledgers or taken over from others counted. */
export const meterBus = (bus: Bus, meter: Meter): Bus => ({
  ...bus,
  events: meterEvents(bus.events, meter),
  queue: meterQueue(bus.queue, meter),
});

function meterQueue(queue: CommandQueue, meter: Meter): CommandQueue {
  return {
    ...queue,
    async claim(...asked) {
      const claim = await queue.claim(...asked);
      if (claim?.started !== undefined) recordWait(meter, claim.started.job);
      return claim;
    },
    async reclaim(lane, worker, limit) {
      const claims = await queue.reclaim(lane, worker, limit);
      if (claims.length > 0) meter.add('claims_stolen_total', { lane }, claims.length);
      return claims;
    },
  };
}

function meterEvents(events: EventLog, meter: Meter): EventLog {
  const models = new Set<string>();
  const modelOf = ({ order: { model = 'default' } }: Job): string => {
    if (models.size < MOST_MODELS) models.add(model);
    return models.has(model) ? model : 'other';
  };
  return {
    ...events,
    async append(transition) {
      const result = await events.append(transition);
      if (result.kind !== 'appended') return result;
      for (const event of transition.records) count(meter, event, transition, modelOf);
      const started = result.next?.started;
      if (started !== undefined) recordWait(meter, started.job);
      return result;
    },
  };
}

function count(
  meter: Meter,
  event: JobEvent,
  { after: { job }, before, records }: Transition,
  modelOf: (job: Job) => string,
): void {
  const { kind } = job;
  if (event.type === 'AttemptStarted' && event.attempt === 1) recordWait(meter, job);
  if (event.type === 'ClaudeFinished') countClaude(meter, event, modelOf(job));
  if (event.type === 'CallbackDelivered') meter.add('callbacks_total', { outcome: 'delivered' });
  if (event.type === 'CallbackFailed') meter.add('callbacks_total', { outcome: 'failed' });
  const outcome = attemptOutcome(event);
  const hadAttempt = before === 'running' || records.some(({ type }) => type === 'AttemptStarted');
  if (outcome !== undefined && hadAttempt) meter.add('attempts_total', { kind, outcome });
  const status = endingOf(event.type);
  if (status === undefined) return;
  const { profile } = job.order;
  const code = job.code === undefined ? '' : publicCode(job.code);
  meter.add('jobs_total', { kind, profile, status, code });
  meter.record(
    'job_duration_seconds',
    { kind, profile, status },
    Math.max(0, event.at - job.createdAt) / 1000,
  );
}

/** Of a job whose first attempt has started. */
const recordWait = (meter: Meter, { kind, waitedMs }: Job): void =>
  meter.record('queue_wait_seconds', { kind }, waitedMs / 1000);

const LOST: readonly ErrorCode[] = ['WORKER_LOST', 'ATTEMPTS_EXHAUSTED'];

/** How the attempt ended that ended with this event; undefined for all other events. */
function attemptOutcome(event: JobEvent): string | undefined {
  switch (event.type) {
    case 'JobSucceeded':
      return 'succeeded';
    case 'JobFailed':
      return LOST.includes(event.code) ? 'lost' : 'failed';
    case 'JobCancelled':
      return 'cancelled';
    case 'AttemptFailed':
      return 'retried';
    case 'AttemptLost':
      return 'lost';
    case 'AttemptParked':
      return 'parked';
    case 'AttemptHandedBack':
      return 'handed_back';
    default:
      return undefined;
  }
}

const TOKEN_TYPES: Readonly<Record<string, string>> = {
  input_tokens: 'input',
  output_tokens: 'output',
  cache_read_input_tokens: 'cache_read',
  cache_creation_input_tokens: 'cache_creation',
};

function countClaude(
  meter: Meter,
  { costUsd, usage = {} }: { readonly costUsd: number; readonly usage?: Usage },
  model: string,
): void {
  if (costUsd > 0) meter.add('cost_usd_total', { model }, costUsd);
  for (const [member, type] of Object.entries(TOKEN_TYPES)) {
    const tokens = usage[member];
    if (typeof tokens === 'number' && tokens > 0) meter.add('tokens_total', { model, type }, tokens);
  }
}
