// Jobs, their feeds and what came out of them, as the description tells of them.
import type { Address } from '../../http/access.js';
import {
  type Description,
  header,
  idempotencyKey,
  json,
  jsonBody,
  nothing,
  query,
  ref,
  sequence,
  text,
} from '../operation.js';

const LAST_EVENT_ID = [
  header('Last-Event-ID', 'The id of the last frame that was dealt with: what follows it comes.', {
    type: 'string',
  }),
  query('last_event_id', 'The same, for clients that cannot send headers.', { type: 'string' }),
];

const IDEMPOTENCY_KEY = idempotencyKey('The same key with the same body gives the same job for 24 hours.');

const NEW_WORK = ['DRAINING', 'QUEUE_FULL', 'IDEMPOTENCY_MISMATCH'] as const;
const ACCEPTED = json('JobAnswer', 'Accepted.', ['Location']);

export const JOBS = {
  '/jobs': {
    tag: 'jobs',
    POST: {
      summary: 'Submit a job',
      only: 'in a fleet',
      parameters: [
        IDEMPOTENCY_KEY,
        header('traceparent', 'W3C Trace Context; becomes the trace_id of the job.', { type: 'string' }),
      ],
      body: jsonBody('JobRequest'),
      answers: {
        200: json('JobAnswer', 'With `wait`: the job has ended.', ['Location']),
        202: ACCEPTED,
      },
      refusals: [
        ...(['UNKNOWN_PROFILE', 'BROKEN_PROFILE', 'REPO_URL_REFUSED', 'BASE_REF_REFUSED'] as const),
        ...(['FILE_PATH_REFUSED', 'CALLBACK_URL_REFUSED', 'METHOD_NOT_ALLOWED', 'JOB_NOT_FOUND'] as const),
        ...NEW_WORK,
      ],
    },
    GET: {
      summary: 'List jobs, newest first',
      parameters: [
        query('limit', 'How many.', { type: 'integer', minimum: 1, maximum: 200, default: 20 }),
        query('status', 'Only jobs in this status.', ref('Job/properties/status')),
        query('cursor', '`next_cursor` of an earlier answer: the jobs before those.', {
          type: 'string',
          maxLength: 256,
        }),
      ],
      answers: { 200: json('JobList', 'A page of jobs.') },
    },
  },
  '/jobs/:id': {
    tag: 'jobs',
    GET: {
      summary: 'Look at a job',
      answers: { 200: json('JobAnswer', 'The job.') },
      refusals: ['JOB_NOT_FOUND'],
    },
    DELETE: {
      summary: 'Cancel a job',
      answers: { 200: json('JobAnswer', 'The job as it stands now; one that has ended stays as it is.') },
      refusals: ['JOB_NOT_FOUND'],
    },
  },
  '/jobs/:id/retry': {
    tag: 'jobs',
    POST: {
      summary: 'Submit an ended job once more',
      only: 'in a fleet',
      parameters: [IDEMPOTENCY_KEY],
      body: jsonBody('JobRetry', false),
      answers: { 202: ACCEPTED },
      refusals: ['JOB_NOT_FOUND', 'JOB_NOT_ENDED', 'UNKNOWN_PROFILE', 'BROKEN_PROFILE', ...NEW_WORK],
    },
  },
  '/jobs/:id/callback': {
    tag: 'jobs',
    POST: {
      summary: 'Tell the end of a job to its callback_url once more',
      answers: { 202: json('JobAnswer', 'It is told now, or when the job ends.') },
      refusals: ['JOB_NOT_FOUND', 'CALLBACK_NOT_FOUND', 'JOB_NOT_ENDED'],
    },
  },
  '/jobs/:id/events': {
    tag: 'jobs',
    GET: {
      summary: 'Follow a job',
      parameters: [
        ...LAST_EVENT_ID,
        query('events', 'Which frames.', { enum: ['domain', 'transcript', 'all'], default: 'all' }),
      ],
      answers: {
        200: sequence('text/event-stream', 'Event', 'Its feed, until the job ends.'),
        204: nothing('Nothing follows: the id is that of the last frame.'),
      },
      refusals: ['JOB_NOT_FOUND'],
    },
  },
  '/jobs/:id/output': {
    tag: 'jobs',
    GET: {
      summary: 'The final answer, or the transcript so far',
      parameters: [query('format', '', { enum: ['text', 'jsonl'], default: 'text' })],
      answers: {
        200: {
          description: 'Claude’s words.',
          content: {
            ...text('text/plain', '').content,
            ...sequence('application/x-ndjson', 'Message', '').content,
          },
        },
      },
      refusals: ['JOB_NOT_FOUND', 'OUTPUT_NOT_FOUND', 'MESSAGE_NOT_FOUND'],
    },
  },
  '/jobs/:id/diff': {
    tag: 'jobs',
    GET: {
      summary: 'What the job changed',
      answers: { 200: text('text/x-diff', 'A unified diff.') },
      refusals: [
        ...([
          'JOB_NOT_FOUND',
          'DIFF_NOT_FOUND',
          'WORKSPACE_FAILED',
          'DISK_FULL',
          'REPOSITORY_UNREACHABLE',
        ] as const),
        ...(['REPOSITORY_NOT_FOUND', 'REPOSITORY_AUTH_FAILED'] as const),
      ],
    },
  },
  '/jobs/:id/messages/:attempt/:seq': {
    tag: 'jobs',
    GET: {
      summary: 'One message that is too large for the feed, whole',
      answers: { 200: json('Message', 'As it stands in the transcript.') },
      refusals: ['MESSAGE_NOT_FOUND', 'JOB_NOT_FOUND'],
    },
  },
  '/events': {
    tag: 'jobs',
    GET: {
      summary: 'Follow all jobs at once',
      parameters: LAST_EVENT_ID,
      answers: { 200: sequence('text/event-stream', 'Event', 'Their domain events; never ends by itself.') },
    },
  },
  '/profiles': {
    tag: 'jobs',
    GET: { summary: 'List profiles', answers: { 200: json('ProfileList', 'Broken ones with their fault.') } },
  },
  '/profiles/health': {
    tag: 'jobs',
    GET: { summary: 'Can all profiles be used', answers: { 200: json('ProfilesHealth', 'How they stand.') } },
  },
} as const satisfies Partial<Record<Address, Description>>;
