// The body of POST /completions, once its form is checked, as a turn of the agent.
import type { CompletionRequest } from '../../app/turn/completions.js';
import type { Turns } from '../../app/turn/turns.js';
import type { Caller, ChatPart, TurnOptions } from '../../domain/chat.js';
import { type JsonRecord, present } from '../../domain/json-record.js';
import { conversationKeyOf, type HeaderReader, userOf } from '../openai/request/conversation-hints.js';
import { modelOf } from '../openai/request/model.js';
import { effortOf, listOf } from '../openai/request/options.js';

/** What schemas/completion-request.schema.json lets through. */
export interface CompletionBody {
  readonly message: string;
  readonly uuid: string;
  readonly wait?: boolean | null;
  readonly stateless?: boolean | null;
  readonly model?: string | null;
  readonly max_turns?: number | null;
  readonly system_prompt?: string | null;
  readonly append_system_prompt?: boolean | string | null;
  readonly permission_mode?: string | null;
  readonly effort?: string | null;
  readonly max_budget_usd?: number | null;
  readonly fallback_model?: string | null;
  readonly allowed_tools?: readonly string[] | string | null;
  readonly disallowed_tools?: readonly string[] | string | null;
  readonly disable_mcp_servers?: readonly string[] | string | null;
  readonly timeout?: number | null;
  readonly context?: JsonRecord | null;
  readonly meta?: JsonRecord | null;
  readonly callback_url?: string | null;
}

/** Throws INVALID_REQUEST for what the schema cannot say, AGENT_MODEL_NOT_FOUND. */
export function toCompletionRequest(
  body: CompletionBody,
  headers: HeaderReader,
  {
    turns,
    callerName,
  }: { readonly turns: Pick<Turns, 'models' | 'resolveModel'>; readonly callerName: string },
): CompletionRequest {
  const conversationKey = body.stateless === true ? undefined : conversationKeyOf(headers, {});
  return {
    uuid: body.uuid,
    turn: {
      ...present({ conversationKey, instructions: instructionsOf(body) }),
      caller: completionCaller(headers, callerName),
      model: modelOf(turns, body.model || undefined).resolved,
      history: [],
      ...present({ remembers: conversationKey === undefined ? undefined : (true as const) }),
      prompt: promptOf(body),
      options: optionsOf(body),
      auxiliary: false,
    },
    ...present({ meta: body.meta ?? undefined, callbackUrl: body.callback_url || undefined }),
  };
}

/** Whose completions they are. */
export const completionCaller = (headers: HeaderReader, name: string): Caller =>
  present({ name, user: userOf(headers, {}) });

function promptOf({ message, context }: CompletionBody): readonly ChatPart[] {
  const said: ChatPart = { kind: 'text', text: message };
  if (context === undefined || context === null) return [said];
  return [said, { kind: 'text', text: `\n\nContext, as JSON:\n${JSON.stringify(context)}` }];
}

function instructionsOf({ system_prompt: prompt, append_system_prompt: append }: CompletionBody) {
  const texts = [append === false ? undefined : prompt, typeof append === 'string' ? append : undefined];
  return texts.filter((text) => text).join('\n\n') || undefined;
}

const optionsOf = (body: CompletionBody): TurnOptions =>
  present({
    effort: effortOf(body.effort),
    timeoutS: body.timeout || undefined,
    maxTurns: body.max_turns || undefined,
    maxBudgetUsd: body.max_budget_usd || undefined,
    permissionMode: body.permission_mode || undefined,
    fallbackModel: body.fallback_model || undefined,
    allowedTools: listOf(body.allowed_tools),
    disallowedTools: listOf(body.disallowed_tools),
    disabledMcpServers: listOf(body.disable_mcp_servers),
    systemPrompt: (body.append_system_prompt === false && body.system_prompt) || undefined,
  });
