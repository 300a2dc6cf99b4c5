// Fills a bus with jobs by the transitions that real ones go through, without a worker.
import { randomUUID } from 'node:crypto';
import { sha256 } from '../../../src/adapters/host/sha256.js';
import { handleCommand } from '../../../src/app/handle-command.js';
import { submitJob } from '../../../src/app/submit-job.js';
import type { Progress } from '../../../src/domain/job-event.js';
import { REQUEST } from '../queue/contender.js';
import { type OpenQueue, WORKER } from '../queue/ours.js';

export interface Life {
  facts(jobId: string): readonly Progress[];
  /** What claude says in it: JSON of messages. */
  readonly said: readonly string[];
  readonly answer?: string;
}

export const NO_OP: Life = { facts: () => [], said: [] };

const ANSWER =
  'The parser dropped the last token of a line without a line feed, because `readToken` only gave out what it had gathered ' +
  'when it met a separator. It now does so at the end of the input as well. I added two cases to `tests/parser.test.ts`: ' +
  'a file whose last line is not ended, and one that is a single token. The other 39 tests pass as before; nothing ' +
  'else calls `readToken`, so no other behaviour changes.';

export const LIKE_REAL: Life = { facts: likeReal, said: ['{"type":"result"}'], answer: ANSWER };

/** No two of its hashes and ids have anything in common, as in life: what repeats takes less room. */
function likeReal(jobId: string): readonly Progress[] {
  const home = `/home/agenticore/.agenticore/jobs/${jobId}`;
  const branch = `agenticore-${jobId}`;
  const oid = sha256(`commit ${jobId}`).slice(0, 40);
  return [
    {
      type: 'WorkspaceOpened',
      path: `${home}/tree`,
      configDir: `${home}/claude`,
      kept: false,
      branch,
      baseRef: 'main',
      baseOid: sha256(`base ${jobId}`).slice(0, 40),
    },
    {
      type: 'SetupFinished',
      passed: true,
      commands: [{ command: 'npm ci', exitCode: 0, durationMs: 8123 }],
      output: 'added 212 packages, and audited 213 packages in 8s\n\nfound 0 vulnerabilities\n',
    },
    { type: 'ClaudeStarted', pid: 4711, sessionId: randomUUID(), resumed: false },
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
        server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
        service_tier: 'standard',
        cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: 18_332 },
      },
      transcript: { count: 52, head: sha256(`transcript ${jobId}`) },
      answer: { bytes: Buffer.byteLength(ANSWER), sha256: sha256(ANSWER) },
    },
    {
      type: 'VerificationFinished',
      round: 1,
      passed: true,
      commands: [{ command: 'npm test', exitCode: 0, durationMs: 12_345 }],
      output: '# tests 41\n# suites 7\n# pass 41\n# fail 0\n# duration_ms 11872.4\n',
    },
    { type: 'CommitReady', oid, leftUncommitted: false },
    { type: 'BranchPushed', branch, oid },
    { type: 'PullRequestOpened', url: 'https://github.com/team/project/pull/482', existed: false },
  ];
}

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
  { deps, bus }: OpenQueue,
  { facts, said, answer }: Life,
  jobs: number,
  inFlight: number,
): Promise<readonly string[]> {
  return together(jobs, inFlight, async () => {
    const { id } = await submitJob(deps, REQUEST);
    await handleCommand(deps, id, { type: 'StartAttempt', ...WORKER });
    const messages = said.map(
      (data, nth) => ({ seq: nth + 1, kind: 'message', type: 'result', data }) as const,
    );
    if (messages.length > 0) await bus.transcript.append(id, 1, messages);
    for (const fact of facts(id)) {
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
