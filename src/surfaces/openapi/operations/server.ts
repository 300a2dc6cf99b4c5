// What those need who run the server, as the description tells of it.
import type { Address } from '../../http/access.js';
import { type Description, json, jsonBody, query, text } from '../operation.js';

const milliseconds = { type: 'string', pattern: '^\\d{1,15}$' };

export const SERVER = {
  '/health': {
    tag: 'server',
    GET: { summary: 'Is it alive', answers: { 200: json('Health', 'It is.') } },
  },
  '/ready': {
    tag: 'server',
    GET: {
      summary: 'May work be sent to it',
      answers: { 200: json('Readiness', 'It may.'), 503: json('Readiness', 'Not now.', ['Retry-After']) },
    },
  },
  '/metrics': {
    tag: 'server',
    GET: { summary: 'The figures of this process', answers: { 200: text('text/plain', 'For Prometheus.') } },
  },
  '/openapi.json': {
    tag: 'server',
    GET: { summary: 'This description', answers: { 200: json('OpenApi', 'OpenAPI 3.1.') } },
  },
  '/workers': {
    tag: 'server',
    GET: { summary: 'Who works', answers: { 200: json('WorkerList', 'The workers that are alive.') } },
  },
  '/workers/:name/drain': {
    tag: 'server',
    POST: {
      summary: 'Ask a worker to take no more work',
      answers: { 202: json('WorkerAsked', 'It was asked.') },
      refusals: ['WORKER_NOT_FOUND'],
    },
  },
  '/drain': {
    tag: 'server',
    GET: { summary: 'How far draining is', answers: { 200: json('DrainState', 'Of this process.') } },
    POST: {
      summary: 'Let this process take no more work',
      answers: { 202: json('DrainState', 'It has begun.') },
    },
  },
  '/admin/import': {
    tag: 'server',
    POST: {
      summary: 'Put exported jobs back',
      only: 'on the file bus',
      parameters: [query('open', 'Whether jobs that have not ended go on.', { enum: ['true', 'false'] })],
      body: { content: { 'application/x-ndjson': { schema: { type: 'string' } } }, required: true },
      answers: { 200: json('ImportReport', 'What was put back.') },
      refusals: ['UNSUPPORTED_MEDIA_TYPE'],
    },
  },
  '/admin/steal': {
    tag: 'server',
    POST: {
      summary: 'Take over what waits for a worker that is gone',
      only: 'on the file bus',
      parameters: [query('min_idle_ms', 'Only what nobody has touched for so long.', milliseconds)],
      answers: { 200: json('TakenEntries', 'What was taken over.') },
    },
  },
  '/admin/trim': {
    tag: 'server',
    POST: {
      summary: 'Forget what was said in ended jobs',
      only: 'on the file bus',
      parameters: [
        query('job', 'One job, by its id.', { type: 'string' }),
        query(
          'ended_before_ms',
          'All that ended before this moment, in milliseconds since 1970.',
          milliseconds,
        ),
      ],
      answers: { 200: json('Trimmed', 'The jobs that were trimmed.') },
      refusals: ['JOB_NOT_FOUND', 'JOB_NOT_ENDED'],
    },
  },
  '/admin/dead/:id/requeue': {
    tag: 'server',
    POST: {
      summary: 'Submit a dead letter once more',
      only: 'on the file bus',
      body: jsonBody('JobRetry', false),
      answers: { 202: json('Requeued', 'As a new job.') },
      refusals: [
        ...(['JOB_NOT_FOUND', 'JOB_NOT_ENDED', 'JOB_ENDED', 'UNKNOWN_PROFILE', 'BROKEN_PROFILE'] as const),
        ...(['DRAINING', 'QUEUE_FULL', 'IDEMPOTENCY_MISMATCH'] as const),
      ],
    },
  },
  '/admin/dead/:id/drop': {
    tag: 'server',
    POST: {
      summary: 'Drop a dead letter',
      only: 'on the file bus',
      answers: { 200: json('Dropped', 'It is no longer listed.') },
      refusals: ['JOB_NOT_FOUND', 'JOB_NOT_ENDED', 'JOB_ENDED'],
    },
  },
} as const satisfies Partial<Record<Address, Description>>;
