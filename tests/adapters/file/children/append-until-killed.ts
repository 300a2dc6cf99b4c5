// A process that lives on the file bus of argv[2] and says on stdout what was acknowledged, until it is killed.
import { writeSync } from 'node:fs';
import { openFileBus } from '../../../../src/adapters/file/open-file-bus.js';
import { carryOut, endAttempt, startAttempt, submit } from '../../../support/ledger.js';

const bus = await openFileBus({ home: process.argv[2] ?? '', leaseMs: 60_000 });
const tell = (fact: object): void => void writeSync(1, `${JSON.stringify(fact)}\n`);
const padding = 'x'.repeat(3000);

async function liveThroughJobs(): Promise<void> {
  for (;;) {
    const jobId = await submit(bus.events);
    tell({ jobId, version: 1 });
    await startAttempt(bus.events, jobId);
    tell({ jobId, version: 2 });
    for (let seq = 1; seq <= 6; seq += 1) {
      const data = JSON.stringify({ seq, padding });
      await bus.transcript.append(jobId, 1, [{ seq, kind: 'message', type: 'assistant', data }]);
      tell({ jobId, seq });
    }
    const facts = [{ type: 'CommitReady', oid: 'c0ffee', leftUncommitted: false }] as const;
    await carryOut(bus.events, jobId, { type: 'ReportProgress', attempt: 1, facts });
    tell({ jobId, version: 3 });
    await endAttempt(bus.events, jobId, { kind: 'succeeded' }, { answer: padding });
    tell({ jobId, version: 4 });
  }
}

await Promise.all([1, 2, 3, 4].map(liveThroughJobs));
