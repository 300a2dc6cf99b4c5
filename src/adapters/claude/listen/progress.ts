// What claude is doing right now, as far as its messages tell: which tools run, what works on in the background,
// whether it has given its result. The first result is not the end: a command that ends in the background starts
// another turn, with another result.

import { isRecord, type JsonRecord } from '../../../domain/json-record.js';
import type { AgentMessage } from '../../../ports/agent.js';
import { asRecords, asText } from './json-values.js';

export interface Progress {
  observe(message: AgentMessage): void;
  /** A tool call of claude has not come back yet: silence is normal. */
  isToolRunning(): boolean;
  /** A result was given, and claude waits for nothing but input and its background work. */
  isIdle(): boolean;
  /** What works on in the background. */
  background(): 'nothing' | 'shells' | 'agents';
  /** The error of the API that claude is retrying at the moment, if it is. */
  retrying(): { readonly error: string; readonly status: unknown } | undefined;
}

/** The progress of one attempt; it is shown every message. */
export function createProgress(): Progress {
  const tools = new Set<string>();
  const background = new Map<string, string>();
  let hasResult = false;
  let state = '';
  let retrying: { readonly error: string; readonly status: unknown } | undefined;

  function observeSystem(message: JsonRecord): void {
    const id = asText(message.task_id);
    switch (message.subtype) {
      case 'session_state_changed':
        state = asText(message.state);
        return;
      case 'task_started':
        background.set(id, asText(message.task_type));
        return;
      case 'task_notification':
        background.delete(id);
        return;
      case 'api_retry':
        retrying = { error: asText(message.error), status: message.error_status };
        return;
      default:
        return;
    }
  }

  function observeContent(message: JsonRecord): void {
    for (const block of contentOf(message)) {
      if (block.type === 'tool_use') tools.add(asText(block.id));
      if (block.type === 'tool_result') tools.delete(asText(block.tool_use_id));
    }
  }

  return {
    observe({ type, message }) {
      if (type === 'system') return observeSystem(message);
      retrying = undefined;
      if (type === 'assistant') hasResult = false;
      if (type === 'assistant' || type === 'user') observeContent(message);
      // The answer of a tool may have been in the line that was too long.
      if (type === 'oversized') tools.clear();
      if (type === 'result' || (type === 'oversized' && message.of === 'result')) {
        hasResult = true;
        tools.clear();
        // After an error nobody waits for what still works in the background.
        if (message.is_error === true) background.clear();
      }
    },
    isToolRunning: () => tools.size > 0,
    // A claude that never tells its state is idle when it has given a result.
    isIdle: () => hasResult && (state === 'idle' || state === ''),
    background: () => {
      if (background.size === 0) return 'nothing';
      return [...background.values()].every((kind) => kind === 'local_bash') ? 'shells' : 'agents';
    },
    retrying: () => retrying,
  };
}

function contentOf(message: JsonRecord): readonly JsonRecord[] {
  return isRecord(message.message) ? asRecords(message.message.content) : [];
}
