// Messages of MCP in a visit that has begun: each tool with arguments that fit, nearly fit and do not; and other methods.
import fc from 'fast-check';
import type { JsonRecord } from '../../../src/domain/json-record.js';
import type { FuzzRequest } from '../fuzz-request.js';
import { asBytes } from '../fuzz-request.js';
import { anyJson } from './any-body.js';
import type { Resolve } from './from-schema.js';
import { hostileText, hostileValue } from './hostile.js';

/** A tool as `tools/list` tells of it. */
export interface Tool {
  readonly name: string;
  readonly inputSchema: JsonRecord;
}

const METHODS = [
  ...['initialize', 'ping', 'tools/list', 'tools/call', 'resources/list', 'resources/templates/list'],
  ...['resources/read', 'resources/subscribe', 'resources/unsubscribe', 'prompts/list', 'prompts/get'],
  ...['completion/complete', 'logging/setLevel', 'notifications/initialized', 'notifications/cancelled'],
] as const;

/** POST /mcp; `VISIT` stands for the id of the visit. */
export function anyRpc(tools: readonly Tool[], resolve: Resolve): fc.Arbitrary<FuzzRequest> {
  const call = fc.oneof(
    ...tools.map(({ name, inputSchema }) =>
      anyJson(inputSchema, resolve).map(
        (args) =>
          `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":${JSON.stringify(name)},"arguments":${args}}}`,
      ),
    ),
  );
  const other = fc
    .record({
      jsonrpc: fc.constant('2.0'),
      id: fc.oneof(fc.nat(3), hostileText, fc.constant(undefined)),
      method: fc.oneof(fc.constantFrom(...METHODS), hostileText),
      params: fc.oneof(
        hostileValue,
        fc.record({
          uri: fc.constantFrom('job://KNOWN0', 'job://x', 'file:///etc/passwd'),
          name: hostileText,
        }),
      ),
    })
    .map((message) => asBytes(JSON.stringify(message)));
  const visit = fc.constantFrom('VISIT', 'VISIT', 'VISIT', 'unknown');
  return fc
    .tuple(fc.oneof({ weight: 2, arbitrary: call }, { weight: 1, arbitrary: other }), visit)
    .map(([body, id]) => ({
      ...{ method: 'POST', target: '/mcp', body, way: 'reads' as const },
      headers: [
        ['Content-Type', 'application/json'],
        ['Accept', 'application/json, text/event-stream'],
        ['Mcp-Session-Id', id],
      ],
    }));
}
