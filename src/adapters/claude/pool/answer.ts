// What a turn's end says beyond that of an attempt: why the model stopped, the answer in the form that was asked for, and
// up to where its session goes.
import { isRecord, type JsonRecord } from '../../../domain/json-record.js';
import type { AgentMessage } from '../../../ports/agent.js';
import { asText } from '../listen/json-values.js';

export interface Answer {
  readonly stopReason?: string;
  readonly structuredOutput?: unknown;
  readonly leaf?: string;
}

export interface AnswerReader {
  observe(message: AgentMessage): void;
  read(): Answer;
}

/** Reads one turn; it is shown every message. What subagents say is none of it. */
export function createAnswerReader(): AnswerReader {
  let stopReason = '';
  let leaf = '';
  let result: JsonRecord = {};

  function observe({ type, message }: AgentMessage): void {
    if (type === 'result') result = message;
    if (message.parent_tool_use_id) return;
    // A streamed answer says it in its last event, one that came in one piece in itself.
    if (type === 'stream_event' && isRecord(message.event)) {
      if (message.event.type === 'message_start') stopReason = '';
      if (message.event.type === 'message_delta' && isRecord(message.event.delta))
        stopReason = asText(message.event.delta.stop_reason) || stopReason;
    }
    if (type !== 'assistant' || !isRecord(message.message)) return;
    stopReason = asText(message.message.stop_reason) || stopReason;
    // What it says itself of a failed request need not be kept.
    if (message.error === undefined || message.error === null) leaf = asText(message.uuid) || leaf;
  }

  function read(): Answer {
    const reason = stopReason || asText(result.stop_reason);
    return {
      ...(reason === '' ? {} : { stopReason: reason }),
      ...(result.structured_output === undefined ? {} : { structuredOutput: result.structured_output }),
      ...(leaf === '' ? {} : { leaf }),
    };
  }

  return { observe, read };
}
