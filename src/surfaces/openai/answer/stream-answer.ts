// The answer to a streamed request: accepted before Claude is asked, told as Claude speaks.
import type { TurnResult } from '../../../app/turn/turns.js';
import { AgenticoreError } from '../../../domain/errors.js';
import type { JsonRecord } from '../../../domain/json-record.js';
import { configJson, type StreamConfig } from '../../../domain/visibility.js';
import type { Log } from '../../../ports/log.js';
import type { EventStream } from '../../http/sse.js';
import type { ToolChannel } from '../openai-deps.js';
import { openAiError } from '../openai-error.js';
import type { ReadTurn } from '../turns/admit.js';
import type { TurnCard } from '../turns/recent-turns.js';
import { type AnswerHead, createFrames, errorFrame, type Frames } from './frames.js';
import type { Place } from './place.js';
import { renderPiece } from './render-piece.js';
import { costJson, finishReason, usageJson } from './usage.js';

export interface StreamOptions {
  readonly toolChannel: ToolChannel;
  readonly log: Log;
  readonly includeUsage: boolean;
  /** What the reader has already. */
  readonly seen?: Place;
  /** So long the headers wait for a sign that the turn exists; left out: it does. */
  readonly proofMs?: number;
}

/** Resolves when the answer has ended. Throws only before its headers went out. */
export async function streamTurn(events: EventStream, turn: ReadTurn, options: StreamOptions): Promise<void> {
  const { card, config } = turn;
  const frames = createFrames(headOf(card), options.seen === undefined ? {} : { seen: options.seen });
  const rendering = { toolChannel: options.toolChannel, jsonOnly: card.jsonOnly };
  let isOpen = false;
  const open = (): void => {
    if (isOpen) return;
    isOpen = true;
    events.open();
    // Somebody who reads the text as one gets the turn on a line of its own.
    const aside = config === undefined ? '' : frames.aside(`${configJson(config)}\n\n`, CONFIG_TAG);
    events.push(frames.role() + aside);
  };
  const proof = options.proofMs === undefined ? undefined : setTimeout(open, options.proofMs);
  if (proof === undefined) open();

  let ending: string;
  try {
    const result = await turn.read((piece) => {
      open();
      const text = renderPiece(frames, piece, rendering);
      return text === '' ? undefined : events.push(text);
    }, events.gone);
    open();
    // Without its end the reader comes back, with its place.
    if (result === undefined) return events.end();
    ending = endOfTurn(frames, result, card, options.includeUsage);
  } catch (error) {
    if (!isOpen) throw error;
    ending = failure(error, card.jobId, options.log);
  } finally {
    clearTimeout(proof);
  }
  events.push(ending + frames.done());
  events.end();
}

const headOf = ({ jobId, created, model }: TurnCard): AnswerHead => ({
  id: `chatcmpl-${jobId}`,
  created,
  model,
});

const TEXT_TAG: JsonRecord = { x_agenticore_event_type: 'text' };
const CONFIG_TAG: JsonRecord = { x_agenticore_event_type: 'stream_config' };
const FINAL_TAG: JsonRecord = { x_agenticore_event_type: 'final' };

function endOfTurn(frames: Frames, result: TurnResult, card: TurnCard, includeUsage: boolean): string {
  const json = card.jsonOnly
    ? frames.text('content', jsonAnswer(result), TEXT_TAG) + frames.mark(FINAL_TAG)
    : '';
  const stop = frames.stop(finishReason(result.finish));
  const usage = includeUsage ? frames.usage(usageJson(result.usage), costJson(result, card)) : '';
  return json + stop + usage;
}

/** The answer that has to fit a schema. Never prose in its place. */
export function jsonAnswer({ structuredOutput, finish }: TurnResult): string {
  if (structuredOutput !== undefined) return JSON.stringify(structuredOutput);
  if (finish === 'stop')
    throw new AgenticoreError('CLAUDE_ERROR', 'Claude gave no answer that fits response_format.');
  return '';
}

/** What is told of a failure when the answer has begun. */
export function tellable(error: unknown, jobId: string, log: Log): AgenticoreError {
  const isBug = !(error instanceof AgenticoreError);
  const failed = isBug ? new AgenticoreError('INTERNAL') : error;
  if (isBug)
    log('http.bug', { job_id: jobId, stack: error instanceof Error ? error.stack : String(error) }, 'error');
  else {
    const level = failed.code === 'CANCELLED' ? 'info' : 'warn';
    log('http.turn_failed', { job_id: jobId, code: failed.code, error: failed.message }, level);
  }
  return failed;
}

const failure = (error: unknown, jobId: string, log: Log): string =>
  errorFrame(openAiError(tellable(error, jobId, log)));

/** Nothing was asked but what is shown from now on. */
export function streamConfig(
  events: EventStream,
  head: AnswerHead,
  config: StreamConfig,
  includeUsage: boolean,
): void {
  const frames = createFrames(head, { resumable: false });
  const usage = (): string => (includeUsage ? frames.usage(usageJson(undefined), {}) : '');
  events.open();
  events.push(
    frames.role() +
      frames.aside(configJson(config), CONFIG_TAG) +
      frames.stop('stop') +
      usage() +
      frames.done(),
  );
  events.end();
}
