// What a caller says to an agent, in one shape for every surface.
import type { Visibility } from './visibility.js';

export type ChatPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'image'; readonly mediaType: string; readonly data: string }; // base64

/** System texts are apart (`TurnRequest.instructions`); what a caller's own tools said comes as the user's text. */
export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly parts: readonly ChatPart[];
}

/** Who asks: two callers never share a conversation. */
export interface Caller {
  /** Name of the API key; `anonymous` without one. */
  readonly name: string;
  /** The user that the caller speaks for, as it says. */
  readonly user?: string;
}

/** How Claude is to run this one turn, where the caller says so. */
export interface TurnOptions {
  readonly effort?: string;
  /** JSON Schema that the answer has to fit. */
  readonly jsonSchema?: Readonly<Record<string, unknown>>;
  readonly timeoutS?: number;
  readonly maxTurns?: number;
  readonly maxBudgetUsd?: number;
  readonly permissionMode?: string;
  readonly fallbackModel?: string;
  readonly allowedTools?: readonly string[];
  readonly disallowedTools?: readonly string[];
  /** MCP servers of the package that are left out. */
  readonly disabledMcpServers?: readonly string[];
  /** In place of the package's own system prompt. */
  readonly systemPrompt?: string;
}

/** A request for one turn: checked at the counter, and free of the surface's language. */
export interface TurnRequest {
  readonly caller: Caller;
  /** The caller's own name for the conversation; without one the history itself finds it. */
  readonly conversationKey?: string;
  /** As claude's `--model` takes it. */
  readonly model: string;
  /** System and developer messages, merged. */
  readonly instructions?: string;
  /** What was said before, as the caller tells it; slash tokens may still be in it. */
  readonly history: readonly ChatMessage[];
  /** The caller tells no history: what Claude remembers of the conversation is what was said. */
  readonly remembers?: true;
  /** What is asked now; slash tokens are still in it. */
  readonly prompt: readonly ChatPart[];
  /** For this request only. */
  readonly visibility?: Visibility;
  readonly options: TurnOptions;
  /** What a chat UI asks on the side (titles, tags): answered cheaply, without tools, outside of any conversation. */
  readonly auxiliary: boolean;
}
