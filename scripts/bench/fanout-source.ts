// The producer of the fan-out benchmark: deltas of running jobs at a steady rate, each stamped with its time.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '../../src/ports/bus.js';

const TICK_MS = 5;
const FILLER =
  'and so the words of an answer come, some at a time, as it is being written down for its readers ';

/** Microseconds on the monotonic clock of this machine: the same in all its processes. */
export const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n);

/**
 * Appends `perSecond * seconds` deltas, to one job after the other, when each is due: no append waits for another.
 * Resolves with their number when all are appended; every job got the same.
 */
export async function pourDeltas(
  { transcript }: Bus,
  jobIds: readonly string[],
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<number> {
  const total = perSecond * seconds;
  const appends: Promise<unknown>[] = [];
  const began = performance.now();
  for (let sent = 0; sent < total; await sleep(TICK_MS)) {
    const due = Math.min(total, ((performance.now() - began) / 1_000) * perSecond);
    for (; sent < due; sent += 1) {
      const jobId = jobIds[sent % jobIds.length] ?? '';
      const seq = Math.floor(sent / jobIds.length) + 1;
      const text = `${nowUs()} ${FILLER}`;
      const data = JSON.stringify({
        attempt: 1,
        seq,
        block: 0,
        delta: 'text',
        text,
        parent_tool_use_id: null,
      });
      appends.push(transcript.append(jobId, 1, [{ seq, kind: 'delta', type: 'delta', data }]));
    }
  }
  const outcomes = await Promise.all(appends);
  if (outcomes.some((outcome) => outcome !== 'appended')) throw new Error('a delta was not appended');
  return total;
}
