// What an MCP client finds at an agent: the agent itself, as one tool. There are no coding jobs there to look after.
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { cancelJob } from '../../../app/inspect-jobs.js';
import type { Completion } from '../../../app/turn/completions.js';
import type { JsonRecord } from '../../../domain/json-record.js';
import { outcomeJson } from '../../completions/completion-json.js';
import {
  type CompletionBody,
  completionCaller,
  toCompletionRequest,
} from '../../completions/completion-request.js';
import type { McpDeps } from '../mcp-deps.js';
import { answered, type Shelf, type ToolCall } from '../shelf.js';
import { tool } from '../tool.js';
import { completionInput, completionOutput } from '../tool-schemas.js';
import { USUAL_WAIT_S, waitForAnswer } from '../wait-for-answer.js';

/** The tool `agent_completions`. */
export function agentShelf(deps: McpDeps, agent: NonNullable<McpDeps['agent']>): Shelf {
  return {
    prompts: async () => [],
    tools: [
      tool('agent_completions', 'Ask the agent', {
        description:
          'Says something to the agent and waits, up to wait_seconds, for its answer. A turn that takes longer goes on: call again with the same uuid to wait for it.',
        input: completionInput(deps.mcp.schemas.read('completion-request')),
        output: completionOutput(),
        annotations: {
          readOnlyHint: false,
          destructiveHint: true,
          idempotentHint: false,
          openWorldHint: true,
        },
        scope: 'agent:chat',
        run: (args, call) => complete(deps, agent.completions, args, call),
      }),
    ],
  };
}

type AskArguments = Omit<CompletionBody, 'uuid'> & { readonly uuid?: string; readonly wait_seconds?: number };

async function complete(
  deps: McpDeps,
  { completions, turns }: NonNullable<McpDeps['agent']>['completions'],
  args: JsonRecord,
  call: ToolCall,
): Promise<CallToolResult> {
  // Checked against the schema, which is that of the body of POST /completions.
  const asked = args as unknown as AskArguments;
  const uuid = asked.uuid ?? deps.newRequestId();
  const body: CompletionBody = { ...asked, uuid };
  const request = toCompletionRequest(body, call, { turns, callerName: call.caller });
  const known = await completions.find(uuid, completionCaller(call, call.caller));
  const waits = body.wait !== false;
  // Begun without waiting, so that the client can be told of the job that it waits for.
  const begun = known ?? (await completions.complete(request, waits, AbortSignal.abort()));
  const { jobId } = begun;
  const seconds = asked.wait_seconds ?? USUAL_WAIT_S;
  const now = waits
    ? await waitForAnswer(deps, { jobId, seconds }, call, (signal) =>
        completions.complete(request, true, signal),
      )
    : begun;
  if (known === undefined && call.calledOff.aborted) await cancelJob(deps.submit, jobId, call.caller);
  return answered(completionAnswer(now));
}

function completionAnswer(completion: Completion): JsonRecord {
  const { uuid, jobId, status, endedAt } = completion;
  const next = `The turn is ${status} and goes on. Call agent_completions again with uuid ${uuid} and the same message to wait for its answer.`;
  return {
    ...{ success: completion.error === undefined, uuid, job_id: jobId, status },
    ...outcomeJson(completion),
    ...(endedAt === undefined ? { next } : {}),
  };
}
