// What tools show of themselves: the schemas of REST, with what is different for a caller that is a model.
import { isRecord, type JsonRecord } from '../../domain/json-record.js';
import { USUAL_WAIT_S } from './wait-for-answer.js';

/** The members of an object schema. */
export const membersOf = (schema: JsonRecord): JsonRecord =>
  isRecord(schema.properties) ? schema.properties : {};

const member = (schema: JsonRecord, name: string): JsonRecord => {
  const found = membersOf(schema)[name];
  return isRecord(found) ? found : {};
};

/** The schema of a job, as a part of others. */
export function jobPart({ $schema: _, title: __, ...job }: JsonRecord): JsonRecord {
  return job;
}

/** Arguments of `run_task`: the body of POST /jobs, except that it waits unless told not to. */
export function runTaskInput(jobRequest: JsonRecord): JsonRecord {
  return object(['task'], {
    ...membersOf(jobRequest),
    wait: {
      ...member(jobRequest, 'wait'),
      default: true,
      description:
        'Wait for the end of the job, for wait_seconds at most; false: return as soon as it is accepted.',
    },
    wait_seconds: waitSeconds(member(jobRequest, 'wait_seconds')),
  });
}

const waitSeconds = (schema: JsonRecord): JsonRecord => ({
  ...schema,
  default: USUAL_WAIT_S,
  description: 'How long to wait; what takes longer goes on and can be asked for.',
});

/** Arguments of `get_job`. */
export const getJobInput = (jobRequest: JsonRecord): JsonRecord =>
  object(['job_id'], {
    job_id: jobId,
    wait_seconds: {
      ...member(jobRequest, 'wait_seconds'),
      default: 0,
      minimum: 0,
      description: 'Wait this long for the end of the job; 0: answer at once.',
    },
  });

const jobId: JsonRecord = {
  type: 'string',
  minLength: 1,
  maxLength: 64,
  description: 'The id of the job, as run_task and list_jobs give it.',
};

/** Arguments of a tool that is about one job. */
export const jobIdInput = (more: JsonRecord = {}): JsonRecord =>
  object(['job_id'], { job_id: jobId, ...more });

/** Arguments of `retry_job`. */
export const retryInput = (jobRetry: JsonRecord): JsonRecord => jobIdInput(membersOf(jobRetry));

/** Arguments of `list_jobs`. */
export const listInput = (
  job: JsonRecord,
  { usual, most }: { readonly usual: number; readonly most: number },
) =>
  object([], {
    limit: { type: 'integer', minimum: 1, maximum: most, default: usual, description: 'How many.' },
    status: { ...member(job, 'status'), description: 'Only jobs in this status.' },
    cursor: {
      type: 'string',
      maxLength: 256,
      description: 'next_cursor of an earlier answer: the jobs before those.',
    },
  });

const success: JsonRecord = { type: 'boolean', const: true };

/** Answer of the tools that are about one job. */
export const jobOutput = (job: JsonRecord): JsonRecord =>
  object(['success', 'job'], {
    success,
    job: jobPart(job),
    next: { type: 'string', description: 'What to do next, when the job has not ended.' },
  });

/** Answer of `list_jobs`. */
export const jobListOutput = (job: JsonRecord): JsonRecord =>
  object(['success', 'count', 'total', 'jobs'], {
    success,
    count: { type: 'integer', minimum: 0 },
    total: { type: 'integer', minimum: 0, description: 'In this status, or in all.' },
    jobs: { type: 'array', items: jobPart(job) },
    next_cursor: { type: 'string', description: 'Absent on the last page.' },
  });

/** Answer of a tool that gives a text of a job. */
export const textOutput = (name: string, description: string): JsonRecord =>
  object(['success', 'job_id', name], {
    success,
    job_id: { type: 'string' },
    [name]: { type: 'string', description },
    truncated: { type: 'boolean', const: true, description: 'The text was cut; the resource has all of it.' },
  });

/** Answer of `list_profiles`: that of GET /profiles. */
export const profileListOutput = ({ $defs }: JsonRecord): JsonRecord => {
  if (isRecord($defs) && isRecord($defs.ProfileList)) return $defs.ProfileList;
  throw new Error('the schema of answers has no ProfileList');
};

/** Arguments of `agent_completions`: the body of POST /completions, except that the wait is bounded. */
export function completionInput(completionRequest: JsonRecord): JsonRecord {
  return object(['message'], {
    ...membersOf(completionRequest),
    uuid: {
      ...member(completionRequest, 'uuid'),
      description: 'A name for the turn: the same again is the same turn. Default: a new one.',
    },
    wait_seconds: waitSeconds({ type: 'integer', minimum: 1, maximum: 50 }),
  });
}

/** Answer of `agent_completions`. */
export function completionOutput(): JsonRecord {
  const nullable = (type: string): JsonRecord => ({ type: [type, 'null'] });
  const text: JsonRecord = { type: 'string' };
  return object(['success', 'uuid', 'job_id', 'status', 'result', 'is_error'], {
    success: { type: 'boolean' },
    ...{ uuid: text, job_id: text, status: text, result: nullable('string'), session_id: nullable('string') },
    ...{ cost_usd: nullable('number'), duration_ms: nullable('number'), num_turns: nullable('integer') },
    ...{ is_error: { type: 'boolean' }, usage: nullable('object'), error: text },
    tool_uses: {
      type: 'array',
      items: object(['id', 'name', 'input'], { id: text, name: text, input: ANYTHING }),
    },
    next: { type: 'string', description: 'What to do next, when the turn has not ended.' },
  });
}

/** What claude gave a tool, as it came. */
const ANYTHING: JsonRecord = { type: ['object', 'array', 'string', 'number', 'boolean', 'null'] };

/** An object schema with these members and no others. */
export const object = (required: readonly string[], properties: JsonRecord): JsonRecord => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});
