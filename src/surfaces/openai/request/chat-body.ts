// What schemas/chat-request.schema.json lets through, as far as it is read.
import type { JsonRecord } from '../../../domain/json-record.js';

export interface BodyMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function';
  readonly content?: string | readonly JsonRecord[] | null;
  /** In the history of clients that run tools themselves; in whatever shape. */
  readonly tool_calls?: unknown;
  readonly function_call?: unknown;
  readonly tool_call_id?: unknown;
  readonly name?: unknown;
}

export interface ChatBody {
  readonly model?: string | null;
  readonly messages: readonly BodyMessage[];
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean | null } | null;
  readonly user?: string | null;
  readonly metadata?: {
    readonly conversation_id?: string | null;
    readonly visibility?: string | null;
  } | null;
  readonly timeout?: number | null;
  readonly reasoning_effort?: string | null;
  readonly response_format?: JsonRecord | null;
  readonly disable_mcp_servers?: readonly string[] | string | null;
  readonly n?: number | null;
  readonly tool_choice?: unknown;
  readonly function_call?: unknown;
}
