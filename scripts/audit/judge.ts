// Whether the three layers tell the same turn. Secrets are taken out on the wire and on the bus, but not in Claude's own
// file: where one stood, anything may stand in the other layer, within the same string.

import { isRecord } from '../../src/domain/json-record.js';
import { openSessionRecord, saysSame } from '../../src/domain/session-record.js';
import { judgeBus } from './judge-bus.js';
import { judgeWire } from './judge-wire.js';
import { foreignLine, type Layer, lines, readDisk, readMessages, readWire, type Said } from './layers.js';
import type { Run } from './run.js';
import { check, faultless, type Verdict } from './verdict.js';

/** All checks, in the order in which they are read. */
export function judge(run: Run): readonly Verdict[] {
  const wire = readWire(run.wire);
  const bus = readMessages(run.messages);
  const disk = readDisk(run.disk);
  return [
    ...markers(run.marker, { wire, bus, disk }),
    ...judgeWire(run),
    ...counts('wire', wire, 'bus', bus),
    ...counts('bus', bus, 'disk', disk),
    ...sameWords('wire', wire, 'bus', bus),
    ...sameWords('bus', bus, 'disk', disk),
    ...judgeDisk(run),
    ...judgeBus(run),
  ];
}

const ofKind = (layer: Layer, kind: Said['kind']): Layer => layer.filter((said) => said.kind === kind);

function markers(marker: string, layers: Readonly<Record<string, Layer>>): readonly Verdict[] {
  return Object.entries(layers).flatMap(([name, layer]) =>
    (['tool_use', 'tool_result'] as const).map((kind) => {
      const all = ofKind(layer, kind);
      const found = all.filter(({ content }) => content.includes(marker)).length;
      return check(`the marker is in a ${kind} on the ${name}`, found > 0, `${found} of ${all.length}`);
    }),
  );
}

function counts(one: string, a: Layer, other: string, b: Layer): readonly Verdict[] {
  return (['tool_use', 'tool_result'] as const).map((kind) => {
    const [x, y] = [ofKind(a, kind), ofKind(b, kind)];
    const ids = (layer: Layer): string => layer.map(({ id }) => id).join(' ');
    return check(
      `${one} and ${other} have the same ${kind}s`,
      ids(x) === ids(y),
      `${x.length} and ${y.length}`,
    );
  });
}

/** Each kind of what was said, piece by piece, and then all of it in one order. */
function sameWords(one: string, a: Layer, other: string, b: Layer): readonly Verdict[] {
  const kinds = ['thinking', 'text', 'tool_use', 'tool_result'] as const;
  const order = (layer: Layer): string => layer.map(({ kind, id }) => `${kind} ${id}`.trim()).join(', ');
  return [
    ...kinds.map((kind) => {
      const [x, y] = [ofKind(a, kind), ofKind(b, kind)];
      const at = Array.from({ length: Math.max(x.length, y.length) }, (_, index) => index).find(
        (index) => !agree(x[index]?.content, y[index]?.content),
      );
      const fault = at === undefined ? undefined : `${kind} ${at + 1}: ${difference(x[at], y[at])}`;
      return faultless(`${one} and ${other} agree in every ${kind}`, fault);
    }),
    check(
      `${one} and ${other} have all of it in the same order`,
      a.length > 0 && order(a) === order(b),
      order(a) === order(b) ? `${a.length} pieces` : `${order(a)} | ${order(b)}`,
    ),
  ];
}

function agree(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const [x, y] = [JSON.stringify(a), JSON.stringify(b)];
  return saysSame(x, y) || saysSame(y, x);
}

/** Both from a little before where they part. */
function difference(a: Said | undefined, b: Said | undefined): string {
  const [x, y] = [a?.content ?? '', b?.content ?? ''];
  let at = 0;
  while (at < x.length && x[at] === y[at]) at += 1;
  const around = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 10), at + 30));
  return `${around(x)} and ${around(y)} at character ${at + 1}`;
}

/** Claude's own file: one session, every line behind the one that it names, each message as the bus has it. */
function judgeDisk({ disk, ledger, messages }: Run): readonly Verdict[] {
  const written = lines(disk);
  const records = lines(ledger);
  const session = records.findLast(({ type }) => type === 'ClaudeStarted')?.sessionId;
  const sessions = new Set<unknown>(
    written.map(({ sessionId }) => sessionId).filter((id) => id !== undefined),
  );
  const order = records.find(({ type }) => type === 'JobSubmitted')?.order;
  const task = isRecord(order) ? String(order.task) : '';
  const prompts = written.filter(
    ({ type, message }) =>
      type === 'user' && isRecord(message) && agree(String(message.content).trim(), task.trim()),
  );
  const before = new Set<unknown>([null, undefined]);
  const unlinked = written.findIndex(({ uuid, parentUuid }) => {
    const isLinked = before.has(parentUuid);
    if (uuid !== undefined) before.add(uuid);
    return !isLinked;
  });
  const foreign = foreignLine(disk);
  const record = openSessionRecord(disk);
  const faults = lines(messages).map(({ attempt, seq, message }) =>
    isRecord(message)
      ? record.take({ attempt: Number(attempt), name: `${attempt}:${seq}`, message })
      : undefined,
  );
  const fault = faults.find((one) => one !== undefined) ?? record.rest();
  return [
    check('the session on the disk is that of the ledger', sessions.size === 1 && sessions.has(session), [
      ...sessions,
    ]),
    faultless('every line on the disk is JSON', foreign === undefined ? undefined : `line ${foreign} is not`),
    faultless(
      'every line on the disk follows one that is there',
      unlinked === -1 ? undefined : `record ${unlinked + 1} does not`,
    ),
    check(
      'the prompt on the disk is that of the ledger',
      prompts.length === 1,
      `${prompts.length} of ${written.length} lines`,
    ),
    faultless('the disk has the messages of the bus, and no others', fault),
  ];
}
