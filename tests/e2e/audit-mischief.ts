// What somebody may do to what an audit gathered, layer by layer, and the checks that must fail then.

import type { Run } from '../../scripts/audit/run.js';
import { added, cut, edited, frames, lines, swapped, twice, without } from './audit-changes.js';

type Part = Exclude<keyof Run, 'marker' | 'jobId'>;

/** The part that is touched, how, and the names of checks that must be among the failed. */
export type Mischief = readonly [part: Part, what: string, change: (text: string) => string, checks: RegExp];

const RESULT = 'x_agenticore_event_type":"tool_result';
const NEXT = '"type":"tool_result"';
const CHAIN = /the chain of the transcript is whole/;
const LEDGER = /the chain of the ledger is whole/;
const SEAL = /the transcript ends where the ledger says/;
const SAME = /the disk has the messages of the bus, and no others/;
const LINKS = /every line on the disk follows one that is there/;
const FOREIGN = '00000000-0000-4000-8000-000000000000';

const WIRE: readonly Mischief[] = [
  ['wire', 'the role chunk missing', frames(without('"role":"assistant"')), /the role comes first/],
  [
    'wire',
    'the stop chunk missing',
    frames(without('"finish_reason":"stop"')),
    /the stop chunk comes right before/,
  ],
  ['wire', 'the stop chunk twice', frames(twice('"finish_reason":"stop"')), /only one chunk says stop/],
  ['wire', '[DONE] missing', frames(without('[DONE]')), /\[DONE\] comes/],
  ['wire', '[DONE] twice', frames(twice('[DONE]')), /\[DONE\] comes/],
  [
    'wire',
    'a chunk after [DONE]',
    (text) => `${text}data: {"choices":[]}\n\n`,
    /nothing comes after \[DONE\]/,
  ],
  ['wire', 'a comment after [DONE]', (text) => `${text}: late\n\n`, /nothing comes after \[DONE\]/],
  ['wire', 'its tail cut off', frames(cut(3)), /\[DONE\] comes/],
  [
    'wire',
    'a piece of text deleted',
    frames(without('"content":" run"')),
    /wire and bus agree in every text/,
  ],
  [
    'wire',
    'a piece of text twice',
    frames(twice('"content":" run"')),
    /agree in every text.*|the frames follow each other/,
  ],
  [
    'wire',
    'a character of the text changed',
    edited('"content":" run"', '"content":" ran"'),
    /wire and bus agree in every text/,
  ],
  [
    'wire',
    'a blank of the text taken out',
    edited('"content":" run"', '"content":"run"'),
    /wire and bus agree in every text/,
  ],
  [
    'wire',
    'a piece of thinking deleted',
    frames(without('" command"')),
    /wire and bus agree in every thinking/,
  ],
  [
    'wire',
    'a character of thinking changed',
    edited('" command"', '" Command"'),
    /wire and bus agree in every thinking/,
  ],
  [
    'wire',
    'the end of the narration deleted',
    frames(without('"narration"')),
    /every text is marked as what it was/,
  ],
  [
    'wire',
    'the mark of the final text deleted',
    frames(without('"final"')),
    /every text is marked as what it was/,
  ],
  [
    'wire',
    'a tool_use deleted',
    frames(without('"tool_use"')),
    /the marker is in a tool_use on the wire.*the same tool_uses/s,
  ],
  ['wire', 'a tool_use twice', frames(twice('"tool_use"')), /the frames follow each other/],
  ['wire', 'a tool_result deleted', frames(without(RESULT)), /the marker is in a tool_result on the wire/],
  [
    'wire',
    'a character of the result changed',
    edited('tool_result\\nAUDIT-', 'tool_result\\nAUDIX-'),
    /wire and bus agree in every tool_result/,
  ],
  [
    'wire',
    'a character of the input changed',
    edited('{\\"command\\":\\"echo', '{\\"command\\":\\"Echo'),
    /wire and bus agree in every tool_use/,
  ],
  [
    'wire',
    'a character of the input beside the block changed',
    edited('{"command":"echo', '{"command":"Echo'),
    /every input stands in its block too/,
  ],
  ['wire', 'call and result in another order', frames(swapped('"tool_use"')), /all of it in the same order/],
  [
    'wire',
    'a chunk of another completion',
    edited('chatcmpl-', `chatcmpl-${FOREIGN}-`),
    /every chunk has the id of the job/,
  ],
  [
    'wire',
    'a tool_use of another id',
    edited('_tool_use_id":"toolu_', '_tool_use_id":"toolu_x'),
    /wire and bus have the same tool_uses/,
  ],
  [
    'wire',
    'an error told',
    frames((all) => all.toSpliced(-1, 0, 'data: {"error":{"code":"X"}}')),
    /no frame tells of an error/,
  ],
  [
    'wire',
    'a frame that is no JSON',
    frames((all) => all.toSpliced(3, 0, 'data: {"torn')),
    /every line of the stream is one/,
  ],
];

const DISK: readonly Mischief[] = [
  ['disk', 'the prompt deleted', lines(without('"promptSource"')), LINKS],
  [
    'disk',
    'the prompt changed',
    (text) => text.replace(/("role":"user","content":"\\n)Use/, '$1Abuse'),
    /the prompt on the disk is that of the ledger/,
  ],
  ['disk', 'an answer deleted', lines(without('"text":"I run it."')), SAME],
  [
    'disk',
    'thinking deleted',
    lines(without('"thinking":"One command')),
    /bus and disk agree in every thinking/,
  ],
  [
    'disk',
    'a character of thinking changed',
    edited('"thinking":"One', '"thinking":"Oni'),
    /bus and disk agree in every thinking/,
  ],
  [
    'disk',
    'a character of the text changed',
    edited('"text":"I run it."', '"text":"I ran it."'),
    /bus and disk agree in every text/,
  ],
  [
    'disk',
    'a character of the input changed',
    edited('"command":"echo', '"command":"Echo'),
    /bus and disk agree in every tool_use/,
  ],
  [
    'disk',
    'a character of the result changed',
    edited('"content":"AUDIT-', '"content":"AUDIX-'),
    /bus and disk agree in every tool_result/,
  ],
  ['disk', 'a result deleted', lines(without(NEXT)), /the marker is in a tool_result on the disk/],
  ['disk', 'a result twice', lines(twice(NEXT)), /bus and disk have the same tool_results/],
  ['disk', 'an answer twice', lines(twice('"text":"I run it."')), SAME],
  ['disk', 'lines in another order', lines(swapped('"type":"tool_use"')), LINKS],
  ['disk', 'its tail cut off', lines(cut(1)), /bus and disk agree in every text/],
  ['disk', 'half a line at its end', (text) => text.slice(0, -200), /every line on the disk is JSON/],
  [
    'disk',
    'a line of another session',
    edited('"sessionId":"', `"sessionId":"${FOREIGN}`),
    /the session on the disk is that of the ledger/,
  ],
  [
    'disk',
    'a tool_use of another id',
    edited('"id":"toolu_', '"id":"toolu_x'),
    /bus and disk have the same tool_uses/,
  ],
];

const BUS: readonly Mischief[] = [
  ['messages', 'a message deleted', lines(without('"text":"I run it."')), CHAIN],
  ['messages', 'one that tells of nothing deleted', lines(without('"thinking_tokens"')), CHAIN],
  ['messages', 'a character of the text changed', edited('"text":"I run it."', '"text":"I ran it."'), CHAIN],
  ['messages', 'a character of thinking changed', edited('"thinking":"One', '"thinking":"Oni'), CHAIN],
  ['messages', 'a character of the input changed', edited('"command":"echo', '"command":"Echo'), CHAIN],
  ['messages', 'a character of the result changed', edited('"content":"AUDIT-', '"content":"AUDIX-'), CHAIN],
  ['messages', 'a message twice', lines(twice('"text":"I run it."')), CHAIN],
  ['messages', 'messages in another order', lines(swapped('"type":"tool_use"')), CHAIN],
  ['messages', 'its tail cut off', lines(cut(1)), SEAL],
  ['messages', 'the last message changed', edited('"state":"idle"', '"state":"busy"'), SEAL],
  ['messages', 'a message put in behind', lines(added('{"attempt":1,"seq":99,"message":{}}')), CHAIN],
  ['messages', 'a line that is none', lines(added('torn')), /every line of the bus is JSON/],
  [
    'messages',
    'a tool_use of another id',
    edited('"id":"toolu_', '"id":"toolu_x'),
    /wire and bus have the same tool_uses/,
  ],
  ['ledger', 'an event deleted', lines(without('"ClaudeStarted"')), LEDGER],
  ['ledger', 'an event changed', edited('"numTurns":2', '"numTurns":3'), LEDGER],
  ['ledger', 'an event twice', lines(twice('"ClaudeStarted"')), LEDGER],
  ['ledger', 'events in another order', lines(swapped('"ClaudeStarted"')), LEDGER],
  ['ledger', 'its tail cut off', lines(cut(1)), /the ledger ends with the end of the job/],
  [
    'ledger',
    'the seal of its end changed',
    (text) => text.replace(/("count":)\d+(?=.*"type":"JobSucceeded")/, '$1999'),
    /the end of the job has the same seal/,
  ],
  [
    'ledger',
    'a job of another id',
    edited('"jobId":"', `"jobId":"${FOREIGN}`),
    /the ledger is that of the job/,
  ],
  ['ledger', 'a line that is none', lines(added('torn')), /every line of the bus is JSON/],
];

export const MISCHIEF: readonly Mischief[] = [...WIRE, ...DISK, ...BUS];
