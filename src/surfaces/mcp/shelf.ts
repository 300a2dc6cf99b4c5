// What an MCP server has to offer, apart from how it is asked for: tools, resources and prompts that belong together.
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type {
  CallToolResult,
  CompleteRequestParams,
  GetPromptResult,
  Prompt as PromptDefinition,
  ReadResourceResult,
  Resource,
  ResourceTemplate,
  ServerNotification,
  ServerRequest,
  Tool as ToolDefinition,
} from '@modelcontextprotocol/sdk/types.js';
import type { JsonRecord } from '../../domain/json-record.js';
import type { Scope } from '../../domain/scope.js';

/** One request for a tool. */
export interface ToolCall {
  /** Name of the API key, as over REST. */
  readonly caller: string;
  /** A header of the HTTP request that brought the call; none on stdio. */
  get(name: string): string | undefined;
  /** Aborted when nobody waits for the answer any more, for whatever reason. */
  readonly over: AbortSignal;
  /** Aborted when the client has said that it does not want the answer. */
  readonly calledOff: AbortSignal;
  /** Tells the client how far it is; undefined when it did not ask. */
  readonly report: ((message: string) => void) | undefined;
  readonly extra: RequestHandlerExtra<ServerRequest, ServerNotification>;
}

export interface Tool {
  readonly definition: ToolDefinition;
  /** What the caller must be allowed to do. */
  readonly scope: Scope;
  /** `args` fit the input schema. An AgenticoreError that is thrown becomes a result that says so. */
  run(args: JsonRecord, call: ToolCall): Promise<CallToolResult>;
}

export interface Prompt {
  readonly definition: PromptDefinition;
  get(args: Readonly<Record<string, string>>): GetPromptResult | Promise<GetPromptResult>;
}

export interface ResourcePage {
  readonly resources: readonly Resource[];
  readonly next: string | undefined;
}

export interface Resources {
  readonly templates: readonly ResourceTemplate[];
  list(cursor: string | undefined): Promise<ResourcePage>;
  /** Undefined when there is no such resource. */
  read(uri: string): Promise<ReadResourceResult | undefined>;
  /** Calls `ring` when it may have changed, until what it resolves to is called. Undefined for what is not from here. */
  watch(uri: string, ring: () => void): Promise<() => void> | undefined;
}

export interface Shelf {
  readonly tools: readonly Tool[];
  prompts(): Promise<readonly Prompt[]>;
  readonly resources?: Resources;
  /** What an argument may be; undefined when it is not known here. */
  complete?(request: CompleteRequestParams): Promise<readonly string[] | undefined>;
}

/** An answer for programs, and the same as text for clients that know nothing else. */
export const answered = (
  structuredContent: JsonRecord,
  more: CallToolResult['content'] = [],
): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(structuredContent) }, ...more],
  structuredContent,
});
