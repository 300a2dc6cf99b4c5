// Second phase: what the profile sets up, then claude, then the profile's verification; what that finds goes back into
// the same session until the work passes, or has been mended as often as it may.
import { AgenticoreError } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import { goOnPrompt } from '../../domain/unfinished.js';
import { commandsEnd, mendPrompt } from '../../domain/verification.js';
import type { AgentEnd } from '../../ports/agent.js';
import type { Attempt, AttemptDeps } from './attempt.js';
import { startDeadline } from './deadline.js';
import type { Bench } from './open-bench.js';
import { type Round, runClaude } from './run-claude.js';
import { setUp, verify } from './run-commands.js';
import { createTranscriptWriter } from './transcript-writer.js';

/**
 * Works on the bench; resolves with how claude ended last. Throws SETUP_FAILED, SESSION_NOT_FOUND, VERIFY_FAILED, or
 * CLAUDE_TIMEOUT when the deadline of the attempt passes while a command of the profile runs.
 */
export async function workUntilVerified(
  deps: AttemptDeps,
  attempt: Attempt,
  bench: Bench,
): Promise<AgentEnd> {
  const { job } = attempt;
  const deadline = startDeadline(
    deps.clock,
    (job.order.timeoutS ?? bench.profile.timeoutS ?? deps.timeoutS) * 1000,
  );
  await setUp(deps, attempt, bench, deadline);
  // A transcript that another attempt has overtaken stops claude at once, before the lease would notice.
  const overtaken = new AbortController();
  const writer = createTranscriptWriter(deps, attempt, () => overtaken.abort());
  try {
    const first: Round = {
      words: await firstWords(deps, job, bench),
      resumed: bench.session !== undefined,
      spentUsd: 0,
      deadline,
      writer,
      overtaken: overtaken.signal,
    };
    return await workInRounds(deps, attempt, bench, first);
  } finally {
    await writer.abandon();
  }
}

async function workInRounds(
  deps: AttemptDeps,
  attempt: Attempt,
  bench: Bench,
  first: Round,
): Promise<AgentEnd> {
  const { name, verify: commands, verifyAttempts } = bench.profile;
  const { deadline } = first;
  const { sessionId } = first.words;
  let round = first;
  for (let number = 1; ; number += 1) {
    const end = await runClaude(deps, attempt, bench, round);
    if (end.kind !== 'succeeded' || commands.length === 0) return end;
    const found = await verify(deps, attempt, bench, deadline, number);
    if (found.passed) return end;
    const left = verifyAttempts - number;
    if (left < 0)
      throw new AgenticoreError(
        'VERIFY_FAILED',
        `The work does not pass the verification of profile ${name}: ${commandsEnd(found)} (round ${number}). Nothing was pushed.`,
      );
    round = {
      ...first,
      // The session is this job's own by now, so that its id says where it is.
      words: { task: mendPrompt(found, left), sessionId, resumeFrom: sessionId },
      resumed: false,
      spentUsd: round.spentUsd + end.costUsd,
    };
  }
}

/** The session to work in, and what is said first in it. Throws SESSION_NOT_FOUND. */
async function firstWords(deps: AttemptDeps, { order }: Job, { session }: Bench): Promise<Round['words']> {
  const { task, sessionId } = order;
  if (session !== undefined)
    return { task: goOnPrompt(task), sessionId: session.sessionId, resumeFrom: session.path };
  if (sessionId === undefined) return { task, sessionId: deps.newId() };
  const resumeFrom = await deps.directories.findSession(sessionId);
  if (resumeFrom !== undefined) return { task, sessionId, resumeFrom };
  throw new AgenticoreError(
    'SESSION_NOT_FOUND',
    `Session ${sessionId} is not on host ${deps.host}, nor on a shared root.`,
  );
}
