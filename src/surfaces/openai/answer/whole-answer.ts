// The answer to a request that is not streamed: one completion, however long Claude takes.
import type { Response } from 'express';
import type { TurnResult } from '../../../app/turn/turns.js';
import { ERRORS } from '../../../domain/errors.js';
import { type JsonRecord, present } from '../../../domain/json-record.js';
import type { TurnPiece } from '../../../domain/turn-piece.js';
import { configJson, type StreamConfig } from '../../../domain/visibility.js';
import type { Log } from '../../../ports/log.js';
import type { Outflow } from '../../http/outflow.js';
import { sendJson } from '../../http/route.js';
import type { OpenAiLimits, ToolChannel } from '../openai-deps.js';
import { openAiError, sendOpenAiError, sendTurnFailure } from '../openai-error.js';
import type { ReadTurn } from '../turns/admit.js';
import type { AnswerHead } from './frames.js';
import { channelOf } from './render-piece.js';
import { jsonAnswer, tellable } from './stream-answer.js';
import { toolBlock } from './tool-block.js';
import { costJson, finishReason, usageJson } from './usage.js';

interface WholeOptions {
  readonly toolChannel: ToolChannel;
  readonly limits: Pick<OpenAiLimits, 'earlyHeadersMs' | 'heartbeatMs'>;
  readonly log: Log;
}

/** Resolves when the answer is sent, or its reader has gone. */
export async function answerWhole(
  res: Response,
  outflow: Outflow,
  turn: ReadTurn,
  { toolChannel, limits, log }: WholeOptions,
): Promise<void> {
  const { card, config } = turn;
  const head = { id: `chatcmpl-${card.jobId}`, created: card.created, model: card.model };
  const said = createSaid(toolChannel, card.jsonOnly);
  const patience = keepWaiting(res, outflow, limits);
  try {
    const result = await turn.read(said.take, outflow.gone);
    if (result === undefined) return void res.destroy();
    const content = card.jsonOnly ? jsonAnswer(result) : said.content();
    const completion = completionJson(head, {
      content: config === undefined ? content : `${configJson(config)}\n\n${content}`,
      reasoning: card.showsThinking || said.reasoning() !== '' ? said.reasoning() : undefined,
      finish: finishReason(result.finish),
      result,
    });
    patience.send({ ...completion, x_agenticore: costJson(result, card) });
  } catch (error) {
    if (outflow.gone.aborted) return;
    const failed = tellable(error, card.jobId, log);
    if (!patience.begun()) {
      const isFree = turn.isKeyed && failed.code === 'BUS_UNREACHABLE';
      return isFree ? sendOpenAiError(res, failed) : sendTurnFailure(res, failed);
    }
    // An error under 200 would be taken for a success without text.
    const content = `${said.content()}${said.content() === '' ? '' : '\n\n'}The turn failed: ${failed.message}`;
    const { choices, ...rest } = completionJson(head, { content, reasoning: undefined, finish: 'stop' });
    const [choice] = choices;
    const told = openAiError(failed, ERRORS[failed.code].status);
    patience.send({ ...rest, choices: [{ ...choice, x_agenticore_error: told }] });
  } finally {
    patience.stop();
  }
}

/** Nothing was asked but what is shown from now on. */
export function answerConfig(res: Response, head: AnswerHead, config: StreamConfig): void {
  sendJson(
    res,
    200,
    completionJson(head, { content: configJson(config), reasoning: undefined, finish: 'stop' }),
  );
}

function completionJson(
  { id, created, model }: AnswerHead,
  answer: {
    readonly content: string;
    readonly reasoning: string | undefined;
    readonly finish: string;
    readonly result?: TurnResult;
  },
): JsonRecord & { readonly choices: readonly [JsonRecord] } {
  const message = present({
    role: 'assistant',
    content: answer.content,
    refusal: null,
    reasoning_content: answer.reasoning,
  });
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: answer.finish }],
    usage: usageJson(answer.result?.usage),
  };
}

/** What a turn says, put together. */
function createSaid(toolChannel: ToolChannel, jsonOnly: boolean) {
  let content = '';
  let reasoning = '';
  return {
    content: () => content,
    reasoning: () => reasoning,
    take(piece: TurnPiece): void {
      switch (piece.kind) {
        case 'thinking':
          reasoning += piece.text;
          break;
        case 'text':
          if (!jsonOnly && channelOf(piece, toolChannel) === 'content') content += piece.text;
          break;
        case 'text-end':
          break;
        case 'tool-use':
        case 'tool-result':
          if (toolChannel === 'content' && !jsonOnly) content += toolBlock(piece);
          break;
        default:
          piece satisfies never;
      }
    },
  };
}

/** Clients give up on headers that do not come, and ask again: so they come, and line breaks after them. */
function keepWaiting(res: Response, outflow: Outflow, limits: WholeOptions['limits']) {
  let heartbeat: NodeJS.Timeout | undefined;
  const beat = (): void => {
    if (!res.writableNeedDrain) outflow.push('\n');
  };
  const early = setTimeout(() => {
    if (outflow.gone.aborted) return;
    res.writeHead(200, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
    });
    beat();
    heartbeat = setInterval(beat, limits.heartbeatMs);
  }, limits.earlyHeadersMs);
  return {
    begun: () => res.headersSent,
    send(value: JsonRecord): void {
      if (res.headersSent) {
        outflow.push(JSON.stringify(value));
        outflow.end();
      } else sendJson(res, 200, value);
    },
    stop(): void {
      clearTimeout(early);
      clearInterval(heartbeat);
    },
  };
}
