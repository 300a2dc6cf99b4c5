// A chat request as the use case takes it: what it cannot do is refused here, before anything is admitted.
import type { Request } from 'express';
import type { TurnOptions, TurnRequest } from '../../../domain/chat.js';
import { AgenticoreError } from '../../../domain/errors.js';
import { isRecord, present } from '../../../domain/json-record.js';
import type { Visibility } from '../../../domain/visibility.js';
import { invalid, jsonBody } from '../../http/limits.js';
import type { OpenAiDeps } from '../openai-deps.js';
import type { ChatBody } from './chat-body.js';
import { callerOf, conversationKeyOf } from './conversation-hints.js';
import { readMessages } from './read-messages.js';
import { answerSchema } from './response-format.js';

export interface ChatRequest {
  readonly turn: TurnRequest;
  /** As the client named it; the answer repeats it. */
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

type ParseDeps = Pick<OpenAiDeps, 'turns' | 'isAuxiliary' | 'parseVisibility' | 'checkRequest'>;

/** Histories are long, and the tools that coding clients describe in them are nested. */
const CHAT_BOUNDS = { depth: 64, members: 100_000, mendTexts: true };

/** `callerName`: of the API key. Throws INVALID_JSON, INVALID_REQUEST, AGENT_MODEL_NOT_FOUND. */
export function parseChatRequest(deps: ParseDeps, req: Request, callerName: string): ChatRequest {
  const body = jsonBody(req, deps.checkRequest, undefined, CHAT_BOUNDS) as ChatBody;
  refuseUnsupported(body);
  const { model, resolved } = modelOf(deps, body);
  const { told, ...said } = readMessages(body.messages);
  const turn: TurnRequest = {
    ...present({
      conversationKey: conversationKeyOf(req, body),
      instructions: said.instructions,
      visibility: visibilityOf(deps, req, body),
    }),
    caller: callerOf(req, body, callerName),
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

function modelOf(
  { turns }: ParseDeps,
  body: ChatBody,
): { readonly model: string; readonly resolved: string } {
  const model = body.model ?? turns.models()[0]?.id ?? '';
  const resolved = turns.resolveModel(model);
  if (resolved === undefined) throw unknownModel(model);
  return { model, resolved };
}

/** The refusal of a model that the agent does not have. */
export const unknownModel = (model: string): AgenticoreError => {
  const message = `The agent has no model ${JSON.stringify(model.slice(0, 100))}; GET /v1/models lists them.`;
  return new AgenticoreError('AGENT_MODEL_NOT_FOUND', message, { details: [{ path: 'model', message }] });
};

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

function optionsOf(body: ChatBody): TurnOptions {
  const { reasoning_effort: effort, disable_mcp_servers: servers } = body;
  const disabled = (typeof servers === 'string' ? servers.split(',') : (servers ?? []))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return present({
    effort: EFFORTS[effort ?? ''],
    jsonSchema: answerSchema(body.response_format),
    timeoutS: body.timeout || undefined,
    disabledMcpServers: disabled.length > 0 ? disabled : undefined,
  });
}

/** As OpenAI's clients name it -> as Claude does; what is not here means no choice. */
const EFFORTS: Readonly<Record<string, string>> = {
  none: 'low',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'xhigh',
  max: 'max',
};

const plainHeaders = ({ headers }: Request): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
