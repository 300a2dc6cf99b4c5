// Fills a bus with jobs by the transitions that real ones go through, without a worker.
import { handleCommand } from '../../../src/app/handle-command.js';
import { submitJob } from '../../../src/app/submit-job.js';
import type { Progress } from '../../../src/domain/job-event.js';
import { REQUEST } from '../queue/contender.js';
import { type OpenQueue, WORKER } from '../queue/ours.js';

export interface Life {
  readonly facts: readonly Progress[];
  readonly answer?: string;
}

export const NO_OP: Life = { facts: [] };

const HASH = 'c0ffee'.repeat(11).slice(0, 64);
const OID = HASH.slice(0, 40);

export const LIKE_REAL: Life = {
  facts: [
    {
      type: 'WorkspaceOpened',
      path: '/home/agenticore/.agenticore/jobs/6a1a1f2e-5d9c-4f0a-9a57-1c9f4f0f7c11/tree',
      configDir: '/home/agenticore/.agenticore/jobs/6a1a1f2e-5d9c-4f0a-9a57-1c9f4f0f7c11/config',
      branch: 'agenticore-6a1a1f2e-5d9c-4f0a-9a57-1c9f4f0f7c11',
      baseRef: 'main',
      baseOid: OID,
    },
    { type: 'ClaudeStarted', pid: 4711, sessionId: '0b5e7d4e-37ab-4b43-8a3c-2b6f1d1f0a55' },
    {
      type: 'ClaudeFinished',
      exitCode: 0,
      costUsd: 0.1284,
      numTurns: 14,
      usage: {
        input_tokens: 48,
        cache_creation_input_tokens: 18_332,
        cache_read_input_tokens: 201_339,
        output_tokens: 3_120,
        service_tier: 'standard',
      },
      transcript: { count: 52, head: HASH },
      answer: { bytes: 412, sha256: HASH },
    },
    { type: 'CommitReady', oid: OID, leftUncommitted: false },
    { type: 'BranchPushed', branch: 'agenticore-6a1a1f2e-5d9c-4f0a-9a57-1c9f4f0f7c11', oid: OID },
  ],
  answer: 'The parser dropped the last token of a line without a line feed. It reads it now. '.repeat(5),
};

/** Submits `jobs` jobs, `inFlight` at a time; resolves with their ids. */
export async function submitJobs(
  { deps }: OpenQueue,
  jobs: number,
  inFlight: number,
): Promise<readonly string[]> {
  return together(jobs, inFlight, async () => (await submitJob(deps, REQUEST)).id);
}

/** Takes `jobs` new jobs through such a life; they never wait for a worker. Resolves with their ids. */
export async function finishJobs(
  { deps }: OpenQueue,
  { facts, answer }: Life,
  jobs: number,
  inFlight: number,
): Promise<readonly string[]> {
  return together(jobs, inFlight, async () => {
    const { id } = await submitJob(deps, REQUEST);
    await handleCommand(deps, id, { type: 'StartAttempt', ...WORKER });
    for (const fact of facts) {
      const report = { type: 'ReportProgress', attempt: 1, facts: [fact] } as const;
      await handleCommand(
        deps,
        id,
        report,
        fact.type === 'ClaudeFinished' && answer !== undefined ? { answer } : {},
      );
    }
    await handleCommand(deps, id, {
      type: 'EndAttempt',
      attempt: 1,
      outcome: { kind: 'succeeded' },
      jitter: 0,
    });
    return id;
  });
}

async function together(
  count: number,
  inFlight: number,
  one: () => Promise<string>,
): Promise<readonly string[]> {
  const ids: string[] = [];
  let left = Math.round(count);
  const next = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      ids.push(await one());
    }
  };
  await Promise.all(Array.from({ length: inFlight }, next));
  return ids;
}
