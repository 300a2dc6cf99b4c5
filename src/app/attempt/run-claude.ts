// Second phase: claude works, and every word of it goes to the transcript.
import { AgenticoreError } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import { profileFlags } from '../../domain/profile.js';
import { goOnPrompt } from '../../domain/unfinished.js';
import type { AgentEnd, AgentMessage, AgentOrder } from '../../ports/agent.js';
import { type Attempt, type AttemptDeps, unlessLost } from './attempt.js';
import type { Bench } from './open-bench.js';
import { reportFinish } from './report-finish.js';
import { systemPrompt } from './system-prompt.js';
import { createTranscriptWriter } from './transcript-writer.js';

/** Runs claude on the bench and reports how it started and ended. Resolves when no process of it is left. */
export async function runClaude(deps: AttemptDeps, attempt: Attempt, bench: Bench): Promise<AgentEnd> {
  const order = await agentOrder(deps, attempt, bench);
  let started: Promise<unknown> = Promise.resolve();
  // A transcript that another attempt has overtaken stops claude at once, before the lease would notice.
  const overtaken = new AbortController();
  const writer = createTranscriptWriter(deps, attempt, () => overtaken.abort());
  const listener = {
    started: (pid: number) => {
      const resumed = bench.session !== undefined;
      started = attempt.report([{ type: 'ClaudeStarted', pid, sessionId: order.sessionId, resumed }]);
      // Awaited below; until then a rejection must not count as unhandled.
      started.catch(() => {});
    },
    message: (message: AgentMessage) => {
      attempt.pass.heard(message);
      return writer.write(message);
    },
  };
  try {
    const end = await deps.agent.run(order, listener, AbortSignal.any([attempt.signal, overtaken.signal]));
    await started;
    const transcript = await unlessLost(attempt, writer.finish());
    await reportFinish(deps, attempt, end, transcript);
    return end;
  } finally {
    await writer.abandon();
  }
}

async function agentOrder(deps: AttemptDeps, attempt: Attempt, bench: Bench): Promise<AgentOrder> {
  const { job } = attempt;
  const { order } = job;
  const { profile, materialised, directory } = bench;
  return {
    tag: `${job.id}.${attempt.number}`,
    cwd: bench.cwd,
    jobDir: directory.root,
    ...(await sessionOrder(deps, job, bench)),
    flags: {
      ...profileFlags(profile.claude),
      ...(order.model === undefined ? {} : { model: order.model }),
      ...(order.maxTurns === undefined ? {} : { 'max-turns': order.maxTurns }),
      ...(order.maxBudgetUsd === undefined ? {} : { 'max-budget-usd': order.maxBudgetUsd }),
    },
    appendSystemPrompt: await systemPrompt(job, bench),
    settingSources: profile.trustRepository ? 'user,project,local' : 'user',
    ...(materialised.mcpConfigPath === undefined ? {} : { mcpConfigPath: materialised.mcpConfigPath }),
    env: deps.environment(profile.env),
    timeoutMs: (order.timeoutS ?? profile.timeoutS ?? deps.timeoutS) * 1000,
  };
}

/** The session to work in, and what is said first in it. Throws SESSION_NOT_FOUND. */
async function sessionOrder(
  deps: AttemptDeps,
  { order }: Job,
  { session }: Bench,
): Promise<Pick<AgentOrder, 'task' | 'sessionId' | 'resumeFrom'>> {
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
