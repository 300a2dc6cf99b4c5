// Whether the three layers tell the same turn. Each check names what it saw, so that a failure needs no second look.
import { createHash } from 'node:crypto';
import { canonicalJson, firstBreak, type LedgerRecord } from '../../src/domain/evidence.js';
import { chunks, frames, type Layer, lines, readDisk, readMessages, readWire } from './layers.js';
import type { Run } from './run.js';

export interface Verdict {
  readonly name: string;
  readonly passed: boolean;
  /** What was seen. */
  readonly seen: string;
}

const DONE = '[DONE]';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** All checks, in the order in which they are read. */
export function judge(run: Run): readonly Verdict[] {
  const wire = readWire(run.wire);
  const disk = readDisk(run.disk);
  const bus = readMessages(run.messages);
  return [
    ...markers(run.marker, { wire, bus, disk }),
    ...order(run),
    ...counts('wire', wire, 'bus', bus),
    ...counts('bus', bus, 'disk', disk),
    sameText('wire', wire, 'bus', bus),
    sameText('bus', bus, 'disk', disk),
    ...identity(run),
    ...chains(run),
  ];
}

const check = (name: string, passed: boolean, seen: unknown): Verdict => ({
  name,
  passed,
  seen: typeof seen === 'string' ? seen : JSON.stringify(seen),
});

function markers(marker: string, layers: Readonly<Record<string, Layer>>): readonly Verdict[] {
  return Object.entries(layers).flatMap(([name, { uses, results }]) => {
    const called = uses.filter(({ input }) => input.includes(marker)).length;
    const answered = results.filter(({ text }) => text.includes(marker)).length;
    return [
      check(`the marker is in a tool_use on the ${name}`, called > 0, `${called} of ${uses.length}`),
      check(
        `the marker is in a tool_result on the ${name}`,
        answered > 0,
        `${answered} of ${results.length}`,
      ),
    ];
  });
}

function order({ wire }: Run): readonly Verdict[] {
  const all = frames(wire);
  const done = all.indexOf(DONE);
  const said = chunks(wire);
  const finish = (at: number): unknown => choiceOf(said[at])?.finish_reason;
  const delta = choiceOf(said[0])?.delta;
  return [
    check(
      'the role comes first',
      JSON.stringify(delta) === '{"role":"assistant","content":""}',
      delta ?? 'nothing',
    ),
    check('[DONE] comes', done !== -1, `${all.length} frames`),
    check(
      'the stop chunk comes right before [DONE]',
      typeof finish(said.length - 1) === 'string',
      String(finish(said.length - 1)),
    ),
    check(
      'only one chunk says stop',
      said.filter((_, at) => typeof finish(at) === 'string').length === 1,
      String(said.length),
    ),
    check('nothing comes after [DONE]', done === all.length - 1, `${all.length - 1 - done} frames`),
    check(
      'no frame tells of an error',
      said.every(({ error }) => error === undefined),
      'error',
    ),
  ];
}

const choiceOf = (
  chunk: ReturnType<typeof chunks>[number] | undefined,
): Readonly<Record<string, unknown>> | undefined =>
  Array.isArray(chunk?.choices) ? chunk.choices[0] : undefined;

function counts(one: string, a: Layer, other: string, b: Layer): readonly Verdict[] {
  const ids = (list: readonly { readonly id: string }[]): string =>
    list
      .map(({ id }) => id)
      .sort()
      .join(' ');
  const compare = (what: string, x: readonly { id: string }[], y: readonly { id: string }[]): Verdict =>
    check(
      `${one} and ${other} have the same ${what}`,
      x.length === y.length && ids(x) === ids(y),
      `${x.length} and ${y.length}`,
    );
  return [compare('tool_uses', a.uses, b.uses), compare('tool_results', a.results, b.results)];
}

const sameText = (one: string, a: Layer, other: string, b: Layer): Verdict =>
  check(
    `${one} and ${other} have the same text, once`,
    a.text !== '' && a.text === b.text,
    `${a.text.length} and ${b.text.length} characters`,
  );

/** One id from the stream through the bus to the file on the disk. */
function identity({ wire, jobId, ledger, disk }: Run): readonly Verdict[] {
  const ids = new Set(chunks(wire).map(({ id }) => String(id)));
  const records = lines(ledger);
  const submitted = records.find(({ type }) => type === 'JobSubmitted')?.jobId;
  const session = records.findLast(({ type }) => type === 'ClaudeStarted')?.sessionId;
  const sessions = new Set(
    lines(disk).flatMap(({ sessionId }) => (sessionId === undefined ? [] : [String(sessionId)])),
  );
  return [
    check('every chunk has the id of the job', ids.size === 1 && ids.has(`chatcmpl-${jobId}`), [...ids]),
    check('the ledger is that of the job', submitted === jobId, String(submitted)),
    check(
      'the session on the disk is that of the ledger',
      sessions.size === 1 && sessions.has(String(session)),
      [...sessions],
    ),
  ];
}

/** What was taken out, put in or changed on the bus breaks a chain; what was cut off misses the seal of the end. */
function chains({ ledger, messages }: Run): readonly Verdict[] {
  const records = lines(ledger) as unknown as readonly LedgerRecord[];
  const broken = firstBreak(records, sha256);
  const started = records.findLast(({ type }) => type === 'AttemptStarted');
  const finished = records.findLast((record) => record.type === 'ClaudeFinished');
  let head = started === undefined ? '' : sha256(canonicalJson(started));
  let count = 0;
  let torn: number | undefined;
  for (const line of messages.split('\n').filter((text) => text !== '')) {
    count += 1;
    if (lines(line)[0]?.prev !== head) torn ??= count;
    head = sha256(line);
  }
  const seal = finished?.type === 'ClaudeFinished' ? finished.transcript : undefined;
  return [
    check(
      'the chain of the ledger is whole',
      records.length > 0 && broken === undefined,
      `broken at ${broken ?? 'no record'}`,
    ),
    check(
      'the chain of the transcript is whole',
      count > 0 && torn === undefined,
      `broken at ${torn ?? 'no message'}`,
    ),
    check(
      'the transcript ends where the ledger says',
      seal?.count === count && seal.head === head,
      `${count} of ${seal?.count ?? 'unknown'}`,
    ),
  ];
}
