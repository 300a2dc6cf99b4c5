// Claude as a partner in conversations: processes that are kept warm, one turn at a time in each.
import type { ChatMessage, ChatPart } from '../domain/chat.js';
import type { AgentEnd, AgentMessage } from './agent.js';

/** How a process is started. Two launches with the same `key` are the same. */
export interface TurnLaunch {
  /** Names package version, model and everything else below. */
  readonly key: string;
  readonly cwd: string;
  /** Becomes CLAUDE_CONFIG_DIR (`claude/`), HOME (`home/`) and TMPDIR (`tmp/`); shared by the processes of a package. */
  readonly jobDir: string;
  readonly flags: Readonly<Record<string, string | number | true | readonly string[]>>;
  readonly settingSources: string;
  readonly mcpConfigPath?: string;
  /** The whole environment besides what the driver sets. */
  readonly env: Readonly<Record<string, string>>;
  /** Slash commands and skills that the package defines: text that begins with one of them is a command to Claude. */
  readonly commands: readonly string[];
}

export interface SystemPrompt {
  /** `append` to Claude Code's own, or `replace` it. */
  readonly mode: 'append' | 'replace';
  readonly text: string;
}

/** What Claude knows of what was said before. */
export type TurnMemory =
  | { readonly kind: 'none' }
  /** The session in which exactly `history` was said: live in a process of this pool, or in Claude's session file. */
  | {
      readonly kind: 'session';
      readonly sessionId: string;
      readonly transcript?: string;
      /** `TurnEnd.leaf` of the last turn of the session. */
      readonly leaf?: string;
    };

export interface TurnOrder {
  /** `<job id>.<attempt>`, for the log. */
  readonly turn: string;
  readonly launch: TurnLaunch;
  readonly systemPrompt: SystemPrompt;
  /** Its process is kept for the next turn under this name until idle; undefined: it serves this turn only. */
  readonly conversation?: string;
  readonly memory: TurnMemory;
  /** Told to a process that does not know it. */
  readonly history: readonly ChatMessage[];
  readonly prompt: readonly ChatPart[];
  /** Deadline of the whole turn. */
  readonly timeoutMs: number;
}

export interface TurnStart {
  readonly pid: number;
  readonly sessionId: string;
  /** Claude's session file, should the session be resumed later; undefined when it keeps none. */
  readonly transcript?: string;
  /** How it came by its process: kept by the conversation, started ahead, or started for this turn. */
  readonly process: 'kept' | 'warm' | 'cold';
  /** How it came by its memory. */
  readonly memory: 'kept' | 'resumed' | 'injected' | 'none';
}

export interface TurnListener {
  /** Once, before the first message. */
  started(start: TurnStart): void;
  /** Each message of this turn in order, in the tick in which it was read; a returned promise holds back the reading of more. */
  message(message: AgentMessage): Promise<void> | void;
}

/** Costs, turns and usage are those of this turn alone. */
export type TurnEnd = AgentEnd & {
  /** Of the last message: `end_turn`, `max_tokens`, `refusal` ... */
  readonly stopReason?: string;
  /** With `--json-schema`: the answer, when it fits. */
  readonly structuredOutput?: unknown;
  /** Name of the last message of Claude's own that its session must hold to be gone on with. */
  readonly leaf?: string;
};

export interface PoolState {
  /** Started ahead and waiting. */
  readonly warm: number;
  /** Kept by conversations between two turns. */
  readonly kept: number;
  /** In a turn. */
  readonly busy: number;
}

export interface TurnAgent {
  /**
   * Runs one turn. At most `maxProcesses` may run at once; the caller counts. Aborting the signal interrupts Claude.
   * Resolves when the turn is over, whatever becomes of the process; rejects only for bugs.
   */
  run(order: TurnOrder, listener: TurnListener, signal: AbortSignal): Promise<TurnEnd>;
  /**
   * Keeps `count` processes of this launch started ahead, in place of those of earlier launches. Resolves when the
   * first is ready, or has failed.
   */
  prepare(launch: TurnLaunch, count: number): Promise<void>;
  /** Ends the idle process that the conversation keeps, if there is one. */
  release(conversation: string): void;
  state(): PoolState;
  /** Ends all processes; resolves when none is left. */
  close(): Promise<void>;
}
