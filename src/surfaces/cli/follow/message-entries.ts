// Claude's messages (stream-json) in entries. Unknown types and fields are normal: the CLI grows new ones.

import { asObject, type JsonObject, numberAt, objectAt, objectsAt, textAt } from '../server/json-fields.js';
import { countOf, formatBytes, formatDuration } from '../terminal/amounts.js';
import { oneLine } from '../terminal/printable.js';
import { cutToWidth } from '../terminal/width.js';
import type { StoryEntry } from './story-entry.js';
import { fromWorkspace, summariseTool } from './tool-summary.js';

/** A name stands before every row. */
const SPEAKER_COLUMNS = 20;

export interface MessageTeller {
  startAttempt(): void;
  /** `data` of a frame that carries a whole message, or a preview of a large one. */
  tellMessage(type: string, data: JsonObject): readonly StoryEntry[];
  tellDelta(data: JsonObject): readonly StoryEntry[];
  /** Answers of the main Claude so far in this attempt. */
  turns(): number;
}

/** `workspace` is the path that tool inputs are shortened by. */
export function createMessageTeller(workspace: () => string): MessageTeller {
  let answers = new Set<string>();
  let introduced = false;
  /** Kind of each sub-agent by the tool call that started it. */
  const agents = new Map<string, string>();
  /** Calls whose change is shown: that it worked needs no words. */
  const edits = new Set<string>();

  const speaker = (message: JsonObject): string | undefined => {
    const parent = textAt(message, 'parent_tool_use_id');
    if (parent === undefined) return undefined;
    return cutToWidth(
      oneLine(textAt(message, 'subagent_type') ?? agents.get(parent) ?? 'sub-agent'),
      SPEAKER_COLUMNS,
    );
  };

  const tellAssistant = (message: JsonObject): readonly StoryEntry[] => {
    const by = speaker(message);
    const thread = textAt(message, 'parent_tool_use_id') ?? '';
    const body = objectAt(message, 'message');
    const id = textAt(body, 'id');
    if (by === undefined && id !== undefined) answers.add(id);
    return objectsAt(body, 'content').flatMap((block): readonly StoryEntry[] => {
      switch (textAt(block, 'type')) {
        case 'text':
          return [{ kind: 'said', block: 'text', thread, text: textAt(block, 'text') ?? '', by }];
        case 'thinking':
          return [{ kind: 'said', block: 'thinking', thread, text: textAt(block, 'thinking') ?? '', by }];
        case 'tool_use':
        case 'server_tool_use': {
          const call = summariseTool(block, workspace());
          const kind = textAt(objectAt(block, 'input'), 'subagent_type');
          if (kind !== undefined) agents.set(call.id, kind);
          if (call.edit !== undefined) edits.add(call.id);
          return [{ kind: 'tool', ...call, by }];
        }
        default:
          return [];
      }
    });
  };

  const tellUser = (message: JsonObject): readonly StoryEntry[] => {
    if (message.isReplay === true) return [];
    return objectsAt(objectAt(message, 'message'), 'content')
      .filter((block) => textAt(block, 'type') === 'tool_result')
      .filter((block) => block.is_error === true || !edits.has(textAt(block, 'tool_use_id') ?? ''))
      .map((block) => ({
        kind: 'result',
        id: textAt(block, 'tool_use_id') ?? '',
        text: fromWorkspace(resultText(block), workspace()),
        failed: block.is_error === true,
        by: speaker(message),
      }));
  };

  const tellSystem = (message: JsonObject): readonly StoryEntry[] => {
    if (textAt(message, 'subtype') !== 'init') return systemFact(message);
    if (introduced) return [];
    introduced = true;
    const version = textAt(message, 'claude_code_version');
    const words = [
      `Claude ${version ?? ''}`.trim(),
      textAt(message, 'model'),
      `session ${textAt(message, 'session_id') ?? '?'}`,
    ];
    return [fact('quiet', words.filter(Boolean).join(' · '))];
  };

  return {
    startAttempt: () => {
      answers = new Set();
      introduced = false;
      agents.clear();
      edits.clear();
    },
    tellMessage: (type, data) => {
      const message = objectAt(data, 'message');
      if (message === undefined) return tellLarge(type, data);
      if (type === 'assistant') return tellAssistant(message);
      if (type === 'user') return tellUser(message);
      if (type === 'system') return tellSystem(message);
      return type === 'rate_limit_event' ? rateLimit(objectAt(message, 'rate_limit_info')) : [];
    },
    tellDelta: (data) => {
      const block = textAt(data, 'delta');
      const text = textAt(data, 'text');
      if ((block !== 'text' && block !== 'thinking') || text === undefined) return [];
      const thread = textAt(data, 'parent_tool_use_id') ?? '';
      return [{ kind: 'growing', block, thread, text, by: speaker(data) }];
    },
    turns: () => answers.size,
  };
}

const fact = (tone: 'quiet' | 'warning', text: string): StoryEntry => ({
  kind: 'fact',
  tone,
  text: oneLine(text),
});

/** A tool result as text; pictures by their kind. */
function resultText(block: JsonObject): string {
  const content = block.content;
  if (typeof content === 'string') return content;
  return objectsAt(block, 'content')
    .map((part) => textAt(part, 'text') ?? `[${textAt(part, 'type') ?? 'something'}]`)
    .join('\n');
}

/** A message kept aside for its size: what it is, how large, and where it is whole. */
function tellLarge(type: string, data: JsonObject): readonly StoryEntry[] {
  const bytes = numberAt(data, 'bytes');
  const href = textAt(data, 'href');
  if (bytes === undefined || href === undefined) return [];
  const what =
    type === 'user' ? 'A tool answered' : type === 'assistant' ? 'Claude wrote' : `A message (${type}) has`;
  return [fact('warning', `${what} ${formatBytes(bytes)}, too much to show; whole at ${href}`)];
}

function systemFact(message: JsonObject): readonly StoryEntry[] {
  switch (textAt(message, 'subtype')) {
    case 'api_retry': {
      const status = numberAt(message, 'error_status');
      const why = [textAt(message, 'error') ?? 'error', status]
        .filter((word) => word !== undefined)
        .join(' ');
      const count = `${numberAt(message, 'attempt') ?? '?'} of ${numberAt(message, 'max_retries') ?? '?'}`;
      const delay = formatDuration(Math.ceil((numberAt(message, 'retry_delay_ms') ?? 0) / 1000) * 1000);
      return [fact('warning', `The model does not answer (${why}); retry ${count} in ${delay}`)];
    }
    case 'model_fallback':
      return [
        fact(
          'warning',
          `Falls back from ${textAt(message, 'original_model')} to ${textAt(message, 'fallback_model')}`,
        ),
      ];
    case 'compact_boundary': {
      const tokens = numberAt(asObject(message.compact_metadata), 'pre_tokens');
      return [
        fact(
          'quiet',
          `The conversation was compacted${tokens === undefined ? '' : ` (${countOf(tokens, 'token')} before)`}`,
        ),
      ];
    }
    default:
      return [];
  }
}

function rateLimit(info: JsonObject | undefined): readonly StoryEntry[] {
  const status = textAt(info, 'status');
  if (status === undefined || status === 'allowed') return [];
  const resets = numberAt(info, 'resetsAt');
  const until = resets === undefined ? '' : `, resets at ${new Date(resets * 1000).toISOString()}`;
  return [
    fact('warning', `Usage limit ${status} (${textAt(info, 'rateLimitType') ?? 'unknown window'})${until}`),
  ];
}
