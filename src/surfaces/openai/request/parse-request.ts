// A chat request as the use case takes it: what it cannot do is refused here, before anything is admitted.
import type { Request } from 'express';
import type { TurnOptions, TurnRequest } from '../../../domain/chat.js';
import { AgenticoreError } from '../../../domain/errors.js';
import { isRecord, present } from '../../../domain/json-record.js';
import type { Visibility } from '../../../domain/visibility.js';
import { idempotencyKeyOf } from '../../http/idempotency-key.js';
import { invalid, jsonBody } from '../../http/limits.js';
import type { OpenAiDeps } from '../openai-deps.js';
import type { ChatBody } from './chat-body.js';
import { conversationKeyOf, userOf } from './conversation-hints.js';
import { modelOf } from './model.js';
import { effortOf, listOf } from './options.js';
import { readMessages } from './read-messages.js';
import { answerSchema } from './response-format.js';

export interface ChatRequest {
  readonly turn: TurnRequest;
  /** As the client named it; the answer repeats it. */
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** The client says that it asks once more because the first answer did not come. */
  readonly isRetry: boolean;
  /** Its Idempotency-Key, scoped by who calls. */
  readonly key: string | undefined;
}

type ParseDeps = Pick<OpenAiDeps, 'turns' | 'isAuxiliary' | 'parseVisibility' | 'checkRequest'>;

/** Histories are long, and the tools that coding clients describe in them are nested. */
const CHAT_BOUNDS = { depth: 64, members: 100_000, mendTexts: true };

/** `callerName`: of the API key. Throws INVALID_JSON, INVALID_REQUEST, AGENT_MODEL_NOT_FOUND. */
export function parseChatRequest(deps: ParseDeps, req: Request, callerName: string): ChatRequest {
  const body = jsonBody(req, deps.checkRequest, undefined, CHAT_BOUNDS) as ChatBody;
  refuseUnsupported(body);
  const { model, resolved } = modelOf(deps.turns, body.model);
  const { told, ...said } = readMessages(body.messages);
  const turn: TurnRequest = {
    ...present({
      conversationKey: conversationKeyOf(req, body),
      instructions: said.instructions,
      visibility: visibilityOf(deps, req, body),
    }),
    caller: present({ name: callerName, user: userOf(req, body) }),
    model: resolved,
    history: said.history,
    prompt: said.prompt,
    options: optionsOf(body),
    auxiliary: deps.isAuxiliary({ headers: plainHeaders(req), messages: told }),
  };
  return {
    turn,
    model,
    stream: body.stream === true,
    includeUsage: body.stream_options?.include_usage === true,
    isRetry: Number(req.get('x-stainless-retry-count') ?? 0) > 0,
    key: idempotencyKeyOf(req, callerName),
  };
}

function refuseUnsupported({ n, tool_choice: choice, function_call: call }: ChatBody): void {
  if (n !== undefined && n !== null && n !== 1) throw invalid('n', 'must be 1: a turn has one answer');
  const isForced = (value: unknown): boolean =>
    value !== undefined && value !== null && value !== 'auto' && value !== 'none';
  const isFree = isRecord(choice) && isRecord(choice.allowed_tools) && choice.allowed_tools.mode === 'auto';
  if (isForced(choice) && !isFree)
    throw invalid(
      'tool_choice',
      'must be auto or none: the agent runs its own tools, not those of the client',
    );
  if (isForced(call)) throw invalid('function_call', 'must be auto or none: the agent runs its own tools');
}

/** For this request only; a header is nearer to the request than what a UI puts into its body. */
function visibilityOf({ parseVisibility }: ParseDeps, req: Request, body: ChatBody): Visibility | undefined {
  const header = req.get('x-agenticore-visibility');
  const text = header ?? body.metadata?.visibility;
  if (text === undefined || text === null) return undefined;
  try {
    return parseVisibility(text);
  } catch (error) {
    if (!(error instanceof AgenticoreError)) throw error;
    const path = header === undefined ? 'metadata.visibility' : 'X-Agenticore-Visibility';
    throw new AgenticoreError(error.code, error.message, { details: [{ path, message: error.message }] });
  }
}

const optionsOf = (body: ChatBody): TurnOptions =>
  present({
    effort: effortOf(body.reasoning_effort),
    jsonSchema: answerSchema(body.response_format),
    timeoutS: body.timeout || undefined,
    disabledMcpServers: listOf(body.disable_mcp_servers),
  });

const plainHeaders = ({ headers }: Request): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
