// What a script of the scripted model looks like. Scripts are plain data, so that a test can write one inline; the keys
// are those of the YAML files (docs/scripted-model.md is their reference).

/** `/regex/flags` is a regular expression; anything else is looked for as it stands. */
export type Pattern = string;

export type ToolCall = { readonly tool: string; readonly input?: Readonly<Record<string, unknown>> };

export type Usage = {
  readonly input_tokens?: number;
  readonly output_tokens?: number;
  readonly cache_creation_input_tokens?: number;
  readonly cache_read_input_tokens?: number;
};

/** A usage limit told in the headers that Claude Code understands for subscriptions. */
export type RateLimit = {
  readonly status: 'allowed' | 'rejected';
  readonly claim?: string; // five_hour, seven_day, ...
  readonly resets_in: number; // seconds from now
};

type Counted = {
  /** How often the fault happens before the step goes on with its normal content. Absent: always. */
  readonly times?: number;
  /** What the times are counted for: each conversation (default), or the life of the server. */
  readonly per?: 'conversation' | 'server';
};

export type StatusFault = Counted & {
  readonly status: number;
  readonly error_type?: string;
  readonly message?: string;
  readonly retry_after?: number; // seconds
  readonly rate_limit?: RateLimit;
  readonly headers?: Readonly<Record<string, string>>;
};

export type CutPlace = 'before_block' | 'mid_block' | 'after_block';

export type StreamFault = Counted & {
  readonly kind:
    | 'hang_before_headers'
    | 'silence'
    | 'ping_forever'
    | 'cut'
    | 'garbage'
    | 'html200'
    | 'empty'
    | 'error_event';
  readonly at?: CutPlace; // of `cut` only; mid_block when absent
};

export type Fault = StatusFault | StreamFault;

/** One answer of the model: thinking, then text, then tool calls, in that order. */
export type Reply = {
  readonly think?: string;
  readonly say?: string;
  readonly call?: readonly ToolCall[];
  readonly fault?: Fault;
  readonly stop_reason?: string;
  readonly model?: string;
  readonly usage?: Usage;
  readonly rate_limit?: RateLimit;
  readonly pace?: number; // ms between two chunks
};

export type Alternative = Reply & { readonly when?: { readonly tool_result: Pattern } };

/** One model call of the conversation: a reply, or alternatives of which the first that fits is taken. */
export type Step = Reply & { readonly either?: readonly Alternative[] };

export type Script = {
  readonly name: string;
  readonly match?: Pattern; // absent: every prompt that no other script matches
  readonly pace?: number;
  readonly model?: string;
  readonly usage?: Usage;
  readonly steps: readonly Step[];
};
