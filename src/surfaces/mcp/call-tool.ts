// A tool call from its arguments to its result: checked against the tool's own schema, and an expected failure told as
// a result, so that the model reads what to do and not only the client.
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { AgenticoreError, messageOf } from '../../domain/errors.js';
import type { JsonRecord } from '../../domain/json-record.js';
import { assertFits } from '../http/limits.js';
import { refusalJson } from '../http/problem.js';
import type { Offer } from './offer.js';
import { refusal } from './protocol-error.js';
import type { Tool, ToolCall } from './shelf.js';

/** Carries out a call that the caller is allowed to make. */
export async function callTool(
  { log, checkOf }: Pick<Offer, 'log' | 'checkOf'>,
  tool: Tool,
  args: JsonRecord,
  call: ToolCall,
): Promise<CallToolResult> {
  try {
    assertMay(call, tool);
    assertFits(args, checkOf(tool));
    return await tool.run(args, call);
  } catch (error) {
    if (error instanceof AgenticoreError) return failed(error);
    const stack = error instanceof Error ? error.stack : messageOf(error);
    log('mcp.bug', { tool: tool.definition.name, stack }, 'error');
    return failed(new AgenticoreError('INTERNAL'));
  }
}

/** What a token or key allows comes with the request; without one, as on stdio, everything is. */
function assertMay({ extra }: ToolCall, { scope }: Tool): void {
  if (extra.authInfo !== undefined && !extra.authInfo.scopes.includes(scope)) throw refusal(scope);
}

/** No structured content: it would have to fit the schema of a success. */
const failed = (error: AgenticoreError): CallToolResult => ({
  isError: true,
  content: [{ type: 'text', text: JSON.stringify(refusalJson(error)) }],
});
