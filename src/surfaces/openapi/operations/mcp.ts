// MCP, as the description tells of it: the transports; what goes over them is the protocol's.
import type { Address } from '../../http/access.js';
import { type Description, header, json, jsonBody, nothing, query, sequence, text } from '../operation.js';

const VISIT = header('Mcp-Session-Id', 'As the answer to `initialize` said.', { type: 'string' });
const MESSAGES = sequence('text/event-stream', 'RpcMessage', 'Messages of the server, as they come.');
const NOT_FOUND = json('RpcError', 'There is no such visit any more: initialize again.');
const REFUSED = json('RpcError', 'Refused by the transport.');

export const MCP = {
  '/mcp': {
    tag: 'mcp',
    POST: {
      summary: 'Send a message (streamable HTTP)',
      parameters: [VISIT],
      body: jsonBody('RpcMessage'),
      answers: {
        200: {
          description: 'Its answer, and what comes before it.',
          content: { ...json('RpcMessage', '').content, ...MESSAGES.content },
        },
        202: nothing('A message that is not answered was taken.'),
        ...{ 400: REFUSED, 404: NOT_FOUND, 406: REFUSED, 415: REFUSED },
      },
      refusals: ['MCP_BUSY', 'ORIGIN_REFUSED', 'DRAINING'],
    },
    GET: {
      summary: 'Follow the messages of the server',
      parameters: [VISIT],
      answers: { 200: MESSAGES, 400: REFUSED, 404: NOT_FOUND, 406: REFUSED, 409: REFUSED },
      refusals: ['MCP_BUSY', 'ORIGIN_REFUSED'],
    },
    DELETE: {
      summary: 'End a visit',
      parameters: [VISIT],
      answers: { 200: nothing('It is over.'), 404: NOT_FOUND },
      refusals: ['ORIGIN_REFUSED'],
    },
  },
  '/sse': {
    tag: 'mcp',
    GET: {
      summary: 'The older transport: a visit as one stream',
      answers: { 200: text('text/event-stream', 'First where to send messages, then those of the server.') },
      refusals: ['MCP_BUSY', 'ORIGIN_REFUSED'],
    },
  },
  '/messages': {
    tag: 'mcp',
    POST: {
      summary: 'Send a message to a visit of the older transport',
      parameters: [query('sessionId', 'As the stream said.', { type: 'string' })],
      body: jsonBody('RpcMessage'),
      answers: { 202: nothing('Taken; its answer comes on the stream.'), 400: REFUSED, 404: NOT_FOUND },
      refusals: ['ORIGIN_REFUSED'],
    },
  },
} as const satisfies Partial<Record<Address, Description>>;
