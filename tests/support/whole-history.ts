// A job with everything that a job can have, chained and sealed as a worker does it: events, messages, deltas, a
// message that is kept aside, an answer, two attempts.
import type { Bus } from '../../src/ports/bus.js';
import type { TranscriptEntry } from '../../src/ports/transcript-log.js';
import { carryOut, endAttempt, sha256, startAttempt, submit } from './ledger.js';

export const ANSWER = 'It is done: ü \u2028 日本語 🚀';
const LARGE = 'x'.repeat(70 * 1024);

/** Says `texts` as messages of the attempt, each behind the one before; gives the seal. */
async function sayChained(
  bus: Bus,
  jobId: string,
  attempt: number,
  head: string,
  texts: readonly string[],
): Promise<{ readonly count: number; readonly head: string }> {
  let seq = 0;
  let last = head;
  const entries: TranscriptEntry[] = [];
  for (const text of texts) {
    seq += 1;
    const delta = { attempt, seq, block: 0, delta: 'text', text: 'hal', parent_tool_use_id: null };
    entries.push({ seq, kind: 'delta', type: 'delta', data: JSON.stringify(delta) });
    seq += 1;
    // Written as claude may write it: spaces stay, and so does the order.
    const address = `"attempt":${attempt},"seq":${seq},"prev":"${last}"`;
    const whole = `{${address},"message":{ "type":"assistant",  "b":1,"a":1.0,"text":${JSON.stringify(text)}}}`;
    last = sha256(whole);
    if (whole.length < 64 * 1024) entries.push({ seq, kind: 'message', type: 'assistant', data: whole });
    else {
      const preview = JSON.stringify(whole.slice(0, 100));
      const href = `/jobs/${jobId}/messages/${attempt}/${seq}`;
      const data = `{${address},"preview":${preview},"bytes":${whole.length},"sha256":"${last}","href":"${href}"}`;
      entries.push({ seq, kind: 'message', type: 'assistant', data, whole });
    }
  }
  await bus.transcript.append(jobId, attempt, entries);
  return { count: texts.length, head: last };
}

/** Makes the job on the bus and gives its id; it has succeeded in its second attempt. */
export async function makeWholeHistory(bus: Bus): Promise<string> {
  const jobId = await submit(bus.events, {
    order: { metadata: { 'a "key"': 'ü \u2028' }, repoUrl: 'https://example.com/a' },
  });
  const first = await startAttempt(bus.events, jobId);
  await sayChained(bus, jobId, 1, first.head(), ['one', 'two']);
  await endAttempt(bus.events, jobId, { kind: 'handed-back' });
  const second = await startAttempt(bus.events, jobId);
  const transcript = await sayChained(bus, jobId, 2, second.head(), [
    'three',
    LARGE,
    'four \u2028 日本 \\ "',
  ]);
  const answer = { bytes: Buffer.byteLength(ANSWER), sha256: sha256(ANSWER) };
  const facts = [
    { type: 'ClaudeFinished' as const, exitCode: 0, costUsd: 0.25, numTurns: 3, transcript, answer },
  ];
  await carryOut(bus.events, jobId, { type: 'ReportProgress', attempt: 2, facts }, { answer: ANSWER });
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  return jobId;
}
