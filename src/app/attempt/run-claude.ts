// One round of an attempt: claude works until it gives its answer, and every word of it goes to the transcript.
import { AgenticoreError } from '../../domain/errors.js';
import { profileFlags } from '../../domain/profile.js';
import type { AgentEnd, AgentMessage, AgentOrder } from '../../ports/agent.js';
import { type Attempt, type AttemptDeps, unlessLost } from './attempt.js';
import type { Deadline } from './deadline.js';
import type { Bench } from './open-bench.js';
import { reportFinish } from './report-finish.js';
import { systemPrompt } from './system-prompt.js';
import type { TranscriptWriter } from './transcript-writer.js';

export interface Round {
  /** What is said to claude first, and in which session. */
  readonly words: Pick<AgentOrder, 'task' | 'sessionId' | 'resumeFrom'>;
  /** It goes on in the session of an earlier attempt. */
  readonly resumed: boolean;
  /** What the rounds before it have cost. */
  readonly spentUsd: number;
  readonly deadline: Deadline;
  readonly writer: TranscriptWriter;
  /** Aborted when claude must stop although the attempt need not: its transcript was overtaken. */
  readonly overtaken: AbortSignal;
}

/** Runs claude on the bench and reports how it started and ended. Resolves when no process of it is left. */
export async function runClaude(
  deps: AttemptDeps,
  attempt: Attempt,
  bench: Bench,
  round: Round,
): Promise<AgentEnd> {
  const order = await agentOrder(deps, attempt, bench, round);
  const { writer, resumed } = round;
  let started: Promise<unknown> = Promise.resolve();
  const listener = {
    started: (pid: number) => {
      started = attempt.report([{ type: 'ClaudeStarted', pid, sessionId: order.sessionId, resumed }]);
      // Awaited below; until then a rejection must not count as unhandled.
      started.catch(() => {});
    },
    message: (message: AgentMessage) => {
      attempt.pass.heard(message);
      return writer.write(message);
    },
  };
  const end = await deps.agent.run(order, listener, AbortSignal.any([attempt.signal, round.overtaken]));
  await started;
  const transcript = await unlessLost(attempt, writer.finish());
  await reportFinish(deps, attempt, end, transcript);
  return end;
}

async function agentOrder(
  deps: AttemptDeps,
  attempt: Attempt,
  bench: Bench,
  { words, spentUsd, deadline }: Round,
): Promise<AgentOrder> {
  const { job } = attempt;
  const { order } = job;
  const { profile, materialised, directory } = bench;
  const flags = {
    ...profileFlags(profile.claude),
    ...(order.model === undefined ? {} : { model: order.model }),
    ...(order.maxTurns === undefined ? {} : { 'max-turns': order.maxTurns }),
    ...(order.maxBudgetUsd === undefined ? {} : { 'max-budget-usd': order.maxBudgetUsd }),
  };
  return {
    tag: `${job.id}.${attempt.number}`,
    cwd: bench.cwd,
    jobDir: directory.root,
    ...words,
    flags: { ...flags, ...budgetLeft(flags['max-budget-usd'], spentUsd) },
    appendSystemPrompt: await systemPrompt(job, bench),
    settingSources: profile.trustRepository ? 'user,project,local' : 'user',
    ...(materialised.mcpConfigPath === undefined ? {} : { mcpConfigPath: materialised.mcpConfigPath }),
    env: deps.environment(profile.env),
    timeoutMs: deadline.leftMs(),
  };
}

/** The budget is the attempt's, but each claude counts only what it costs itself. Throws CLAUDE_MAX_BUDGET. */
function budgetLeft(budget: unknown, spentUsd: number): { readonly 'max-budget-usd'?: number } {
  if (typeof budget !== 'number' || spentUsd === 0) return {};
  if (spentUsd >= budget) throw new AgenticoreError('CLAUDE_MAX_BUDGET');
  return { 'max-budget-usd': budget - spentUsd };
}
