// The agent, as the description tells of it.
import type { Address } from '../../http/access.js';
import {
  type Answer,
  type Description,
  header,
  idempotencyKey,
  json,
  jsonBody,
  nothing,
  query,
  sequence,
} from '../operation.js';

const CONVERSATION = [
  header('X-Conversation-Id', 'The caller’s name for the conversation.', { type: 'string', maxLength: 256 }),
  header('X-User-Id', 'The user that the caller speaks for.', { type: 'string', maxLength: 256 }),
];

const CHUNKS = sequence(
  'text/event-stream',
  'ChatChunk',
  'With `stream`: the answer as it is said, `[DONE]` at its end.',
);

/** A turn that failed is told under the status of what went wrong. */
const failed = (description: string, schema: string): Record<500 | 502 | 503 | 504, Answer> => {
  const answer = json(schema, description);
  return { 500: answer, 502: answer, 503: answer, 504: answer };
};

export const AGENT = {
  '/v1/models': {
    tag: 'agent',
    GET: {
      summary: 'List models',
      only: 'in agent mode',
      answers: { 200: json('ModelList', 'What a request may name as its model.') },
    },
  },
  '/v1/models/*id': {
    tag: 'agent',
    GET: {
      summary: 'Look at a model; its id may hold slashes',
      only: 'in agent mode',
      answers: { 200: json('Model', 'The model.') },
      refusals: ['AGENT_MODEL_NOT_FOUND'],
    },
  },
  '/v1/chat/completions': {
    tag: 'agent',
    POST: {
      summary: 'Talk to the agent',
      only: 'in agent mode',
      parameters: [
        ...CONVERSATION,
        header('X-Agenticore-Visibility', 'What is shown of this turn: `thinking,tools`.', {
          type: 'string',
        }),
        idempotencyKey(
          'The same key with the same body gives the same turn for 24 hours, which then goes on when its reader leaves.',
        ),
      ],
      body: jsonBody('ChatRequest'),
      answers: {
        200: {
          description: 'The answer, whole or as it is said.',
          content: { ...json('ChatCompletion', '').content, ...CHUNKS.content },
        },
        ...failed('The turn failed; `X-Should-Retry: false`.', 'ChatError'),
      },
      refusals: [
        ...(['AGENT_MODEL_NOT_FOUND', 'CONVERSATION_BUSY'] as const),
        ...(['AGENT_BUSY', 'DRAINING', 'QUEUE_FULL', 'DISK_FULL'] as const),
        ...(['IDEMPOTENCY_MISMATCH', 'JOB_NOT_FOUND', 'MESSAGE_NOT_FOUND'] as const),
      ],
    },
  },
  '/v1/chat/completions/:id/events': {
    tag: 'agent',
    GET: {
      summary: 'The rest of an answer that broke off',
      only: 'in agent mode',
      parameters: [
        header('Last-Event-ID', 'The id of the last frame that was read.', { type: 'string' }),
        query('last_event_id', 'The same, for clients that cannot send headers.', { type: 'string' }),
        query('include_usage', 'Whether a chunk with the usage comes at the end.', {
          enum: ['true', 'false'],
        }),
      ],
      answers: { 200: CHUNKS, 204: nothing('Nothing follows: the id is that of the last frame.') },
      refusals: ['JOB_NOT_FOUND'],
    },
  },
  '/completions': {
    tag: 'agent',
    POST: {
      summary: 'One turn under a name of the caller’s',
      only: 'in agent mode',
      parameters: CONVERSATION,
      body: jsonBody('CompletionRequest'),
      answers: {
        200: json('CompletionResult', 'The turn has ended.', ['Location']),
        202: json('CompletionAccepted', 'The turn goes on.', ['Location']),
        ...failed('The turn failed.', 'CompletionResult'),
      },
      refusals: [
        ...([
          'AGENT_MODEL_NOT_FOUND',
          'CONVERSATION_BUSY',
          'IDEMPOTENCY_MISMATCH',
          'CALLBACK_URL_REFUSED',
        ] as const),
        ...(['AGENT_BUSY', 'DRAINING', 'QUEUE_FULL', 'DISK_FULL'] as const),
      ],
    },
    GET: {
      summary: 'List the caller’s completions, newest first',
      only: 'in agent mode',
      parameters: [
        query('limit', 'How many.', { type: 'integer', minimum: 1, maximum: 200, default: 20 }),
        query('status', 'Only those in this status.', {
          enum: ['queued', 'running', 'completed', 'failed', 'cancelled'],
        }),
      ],
      answers: { 200: json('CompletionList', 'The completions.') },
    },
  },
  '/completions/:uuid': {
    tag: 'agent',
    GET: {
      summary: 'Look at a completion',
      only: 'in agent mode',
      answers: { 200: json('CompletionAnswer', 'The completion.') },
      refusals: ['JOB_NOT_FOUND'],
    },
  },
} as const satisfies Partial<Record<Address, Description>>;
