// The answer to a streamed request as frames of server-sent events. On the hot path: what is the same in every chunk
// is put together once, and a piece becomes text by joining.
import type { JsonRecord } from '../../../domain/json-record.js';
import type { OpenAiError } from '../openai-error.js';
import { END, type Place, START } from './place.js';

/** What stays the same through an answer. */
export interface AnswerHead {
  /** `chatcmpl-<job id>`. */
  readonly id: string;
  /** Epoch seconds. */
  readonly created: number;
  /** As the client named it. */
  readonly model: string;
}

export type Channel = 'reasoning' | 'content';

/** What is known of a chunk besides its text, as members of `choices[0]`. */
export type Extensions = JsonRecord;

export interface Frames {
  role(): string;
  /** The text in one channel, in as many frames as it needs. `first` goes into the first of them only. */
  text(channel: Channel, text: string, tag: Extensions, first?: Extensions): string;
  /** Outside of what is counted: it is told to the first reader only. */
  aside(content: string, tag: Extensions): string;
  mark(tag: Extensions): string;
  stop(reason: string): string;
  usage(usage: JsonRecord, ours: JsonRecord): string;
  done(): string;
}

/** Clients that read line by line give up on long ones. */
const MAX_LINE_BYTES = 16 * 1024;
/** JSON needs at most so many bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 6;

export interface FrameOptions {
  /** What the reader has already: it is counted, but not sent. */
  readonly seen?: Place;
  /** Whether frames carry their place; they do unless told otherwise. */
  readonly resumable?: boolean;
}

/** Frames of one answer, in the order in which they are asked for. */
export function createFrames(
  head: AnswerHead,
  { seen = START, resumable = true }: FrameOptions = {},
): Frames {
  const { id, created, model } = head;
  const envelope = JSON.stringify({ id, object: 'chat.completion.chunk', created, model }).slice(0, -1);
  const before = `data: ${envelope},"choices":[{"index":0,"delta":`;
  const at = { ordinal: 0, reasoning: 0, content: 0 };

  const place = (): string => (resumable ? `id: ${at.ordinal}.${at.reasoning}.${at.content}\n` : '');
  const step = (line: string): string => {
    at.ordinal += 1;
    return at.ordinal <= seen.ordinal ? '' : `${place()}${line}\n\n`;
  };
  const chunk = (delta: string, tail: string): string => `${before}${delta},"finish_reason":null${tail}}]}`;

  const tails = new WeakMap<Extensions, Tail>();
  const tailFor = (tag: Extensions): Tail => {
    const known = tails.get(tag);
    if (known !== undefined) return known;
    const tail = { json: tailOf(tag), room: roomFor(before, tailOf(tag)) };
    tails.set(tag, tail);
    return tail;
  };

  /** Counts a slice, and frames what is new of it. */
  const slice = (channel: Channel, text: string, tail: string): string => {
    const known = seen[channel] - at[channel];
    at[channel] += text.length;
    if (known >= text.length) return '';
    const fresh = known > 0 ? text.slice(known) : text;
    const name = channel === 'reasoning' ? 'reasoning_content' : 'content';
    return `${place()}${chunk(`{"${name}":${JSON.stringify(fresh)}}`, tail)}\n\n`;
  };

  return {
    role: () => step(chunk('{"role":"assistant","content":""}', '')),
    text(channel, text, tag, first) {
      let tail = tailFor(first === undefined ? tag : { ...tag, ...first });
      let frames = '';
      for (let start = 0; start < text.length; tail = tailFor(tag)) {
        const end = endOfSlice(text, start, tail.room);
        frames += slice(channel, text.slice(start, end), tail.json);
        start = end;
      }
      return frames;
    },
    aside: (content, tag) => `${chunk(JSON.stringify({ content }), tailOf(tag))}\n\n`,
    mark: (tag) => step(chunk('{}', tailOf(tag))),
    stop: (reason) => step(`${before}{},"finish_reason":${JSON.stringify(reason)}}]}`),
    usage: (usage, ours) => {
      const numbers = `"usage":${JSON.stringify(usage)},"x_agenticore":${JSON.stringify(ours)}`;
      return step(`data: ${envelope},"choices":[],${numbers}}`);
    },
    done: () => {
      at.ordinal += 1;
      const { ordinal, reasoning, content } = at;
      const last = resumable ? `id: ${ordinal}.${reasoning}.${content}${END}\n` : '';
      return `${last}data: [DONE]\n\n`;
    },
  };
}

/** A failure after the answer has begun. No `choices` beside it: clients would overlook it. */
export const errorFrame = (error: OpenAiError): string => `data: ${JSON.stringify({ error })}\n\n`;

interface Tail {
  readonly json: string;
  /** UTF-16 units of text that fit into one line beside it. */
  readonly room: number;
}

/** Extensions as they stand behind the other members of `choices[0]`. */
function tailOf(tag: Extensions): string {
  const json = JSON.stringify(tag);
  return json === '{}' ? '' : `,${json.slice(1, -1)}`;
}

function roomFor(before: string, tail: string): number {
  // 64: the rest of the chunk around them.
  const taken = Buffer.byteLength(before) + Buffer.byteLength(tail) + 64;
  return Math.max(16, Math.floor((MAX_LINE_BYTES - taken) / BYTES_PER_UNIT));
}

/** Never between the halves of a surrogate pair. */
function endOfSlice(text: string, start: number, room: number): number {
  const end = start + room;
  if (end >= text.length) return text.length;
  const isHigh = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800;
  return isHigh ? end - 1 : end;
}
