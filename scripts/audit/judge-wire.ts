// Whether the stream is one that a client can rely on: begun, ended and marked as the contract says, nothing in between
// lost or twice.

import { canonicalJson } from '../../src/domain/evidence.js';
import { isRecord, type JsonRecord } from '../../src/domain/json-record.js';
import { chunks, frames, readWire } from './layers.js';
import type { Run } from './run.js';
import { check, faultless, type Verdict } from './verdict.js';

const DONE = '[DONE]';
const DONE_LINE = `data: ${DONE}`;
const SSE_LINE = /^(|:.*|(id|data|event|retry): .*)$/;

/** The checks of the stream alone. */
export function judgeWire({ wire, jobId }: Run): readonly Verdict[] {
  const all = frames(wire);
  const said = chunks(wire);
  const [begin] = said;
  const stops = said.filter((chunk) => typeof choiceOf(chunk).finish_reason === 'string');
  const behind = wire.slice(wire.indexOf(DONE_LINE) + DONE_LINE.length).trim();
  const ids = new Set(said.map(({ id }) => String(id)));
  const heads = new Set(said.map(({ object, created, model }) => JSON.stringify([object, created, model])));
  const role = JSON.stringify(choiceOf(begin).delta);
  return [
    check('the role comes first', role === '{"role":"assistant","content":""}', role ?? 'nothing'),
    check('[DONE] comes', all.filter((data) => data === DONE).length === 1, `${all.length} frames`),
    check(
      'the stop chunk comes right before [DONE]',
      stops.length > 0 && all.at(-1) === DONE && said.at(-1) === stops.at(-1),
      String(choiceOf(said.at(-1)).finish_reason),
    ),
    check('only one chunk says stop', stops.length === 1, `${stops.length} of ${said.length}`),
    check('nothing comes after [DONE]', wire.includes(DONE_LINE) && behind === '', behind || 'nothing'),
    check(
      'no frame tells of an error',
      said.every(({ error }) => error === undefined),
      errorsOf(said),
    ),
    faultless('every line of the stream is one', lineFault(wire, all.length - said.length)),
    faultless('the frames follow each other', cursorFault(wire)),
    faultless('every text is marked as what it was', markFault(said)),
    faultless('every input stands in its block too', inputFault(wire)),
    check('every chunk has the id of the job', ids.size === 1 && ids.has(`chatcmpl-${jobId}`), [...ids]),
    check('every chunk has the same head', heads.size === 1, [...heads]),
  ];
}

const errorsOf = (said: readonly JsonRecord[]): string =>
  said.map(({ error }) => JSON.stringify(error) ?? '').join('') || 'none';

function choiceOf(chunk: JsonRecord | undefined): JsonRecord {
  const choice: unknown = Array.isArray(chunk?.choices) ? chunk.choices[0] : undefined;
  return isRecord(choice) ? choice : {};
}

function lineFault(wire: string, unparsed: number): string | undefined {
  const at = wire.split('\n').findIndex((line) => !SSE_LINE.test(line));
  if (at !== -1) return `line ${at + 1} is none`;
  return unparsed === 1 ? undefined : `${unparsed - 1} frames are no JSON`;
}

/** No number of an id ever falls, and one rises from frame to frame. */
function cursorFault(wire: string): string | undefined {
  const cursors = [...wire.matchAll(/^id: (.*)$/gm)].map(([, id = '']) => id);
  if (cursors.length !== frames(wire).length) return `${cursors.length} ids of ${frames(wire).length} frames`;
  const numbers = cursors.map((id) =>
    id
      .split('.')
      .filter((part) => part !== 'end')
      .map(Number),
  );
  const at = numbers.findIndex((now, index) => {
    const before = numbers[index - 1];
    if (before === undefined) return false;
    const steps = now.map((number, part) => number - (before[part] ?? 0));
    return !steps.every((step) => step >= 0) || !steps.some((step) => step > 0);
  });
  return at === -1 ? undefined : `${cursors[at]} behind ${cursors[at - 1]}`;
}

/** Text, then what it was: narration before a tool is called, final at the end, and only there. */
function markFault(said: readonly JsonRecord[]): string | undefined {
  let isOpen = false;
  let isOver = false;
  for (const chunk of said) {
    const { x_agenticore_event_type: type, x_agenticore_parent_tool_use_id: parent } = choiceOf(chunk);
    if (parent !== undefined) continue;
    if (isOver && type !== undefined) return `${type} behind the final text`;
    if (type === 'text') isOpen = true;
    else if (type === 'narration' || type === 'final') {
      if (!isOpen) return `${type} without a text`;
      isOpen = false;
      isOver = type === 'final';
    } else if (type === 'tool_use' && isOpen) return 'a tool_use behind a text that has not ended';
  }
  return isOver ? undefined : 'no text is the final one';
}

/** Programs read the input of a tool beside the block that people read. */
function inputFault(wire: string): string | undefined {
  const blocks = new Map(readWire(wire).map(({ kind, id, content }) => [`${kind} ${id}`, content]));
  for (const choice of chunks(wire).map(choiceOf)) {
    const { x_agenticore_tool_use_id: id, x_agenticore_tool_input: input } = choice;
    if (input !== undefined && canonicalJson(input) !== blocks.get(`tool_use ${id}`))
      return `not that of ${id}`;
  }
  return undefined;
}
