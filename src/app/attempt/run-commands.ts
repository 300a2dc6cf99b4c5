// The setup and verify commands of a profile: run one after the other in the place where Claude works, on its work as
// it stands. They prepare and judge that work and are no part of it, so what they change in it is undone.
import { AgenticoreError } from '../../domain/errors.js';
import type { CommandRun, CommandsFacts, Progress } from '../../domain/job-event.js';
import { commandsEnd, commandsFacts } from '../../domain/verification.js';
import type { CommandEnd } from '../../ports/programs.js';
import type { Attempt, AttemptDeps } from './attempt.js';
import { untilRoom } from './await-room.js';
import type { Deadline } from './deadline.js';
import type { Bench } from './open-bench.js';

/** Runs what the profile sets up. Throws SETUP_FAILED, or CLAUDE_TIMEOUT when the attempt's deadline came first. */
export async function setUp(
  deps: AttemptDeps,
  attempt: Attempt,
  bench: Bench,
  deadline: Deadline,
): Promise<void> {
  const { name, setup } = bench.profile;
  if (setup.length === 0) return;
  const factOf = (found: CommandsFacts): Progress => ({ type: 'SetupFinished', ...found });
  // Claude has not begun yet: where the disk is full, another worker may have room.
  const facts = await runCommands(deps, attempt, bench, {
    commands: setup,
    deadline,
    factOf,
    kept: (step) => step(),
  });
  if (!facts.passed)
    throw new AgenticoreError('SETUP_FAILED', `The setup of profile ${name} failed: ${commandsEnd(facts)}.`);
}

/** Lets the profile's commands judge the work; `round` counts from 1. Throws CLAUDE_TIMEOUT. */
export const verify = (
  deps: AttemptDeps,
  attempt: Attempt,
  bench: Bench,
  deadline: Deadline,
  round: number,
): Promise<CommandsFacts> =>
  runCommands(deps, attempt, bench, {
    commands: bench.profile.verify,
    deadline,
    factOf: (found) => ({ type: 'VerificationFinished', round, ...found }),
    kept: (step) => deadline.without(() => untilRoom(deps, attempt, step)),
  });

interface Commands {
  readonly commands: readonly string[];
  readonly deadline: Deadline;
  readonly factOf: (found: CommandsFacts) => Progress;
  /** Carries out a step that keeps the work as it stands, or brings it back. */
  readonly kept: (step: () => Promise<void>) => Promise<void>;
}

async function runCommands(
  deps: AttemptDeps,
  attempt: Attempt,
  bench: Bench,
  { commands, deadline, factOf, kept }: Commands,
): Promise<CommandsFacts> {
  const { job, number, signal } = attempt;
  const { workspace, cwd, directory, profile } = bench;
  const place = { tag: `${job.id}.${number}`, cwd, jobDir: directory.root };
  const env = deps.commandEnvironment(profile.env);
  const runs: CommandRun[] = [];
  let last: CommandEnd | undefined;
  if (workspace) await kept(() => workspace.snapshot(signal));
  try {
    for (const command of commands) {
      const began = deps.clock.now();
      const order = { ...place, env, command, timeoutMs: deadline.leftMs() };
      last = await deps.programs.run(order, signal);
      const { exitCode } = last;
      runs.push({ command: deps.redact(command), exitCode, durationMs: deps.clock.now() - began });
      if (exitCode !== 0) break;
    }
  } finally {
    // Also when it was stopped: another attempt may go on in this worktree.
    if (workspace) await kept(() => workspace.restore());
  }
  const facts = commandsFacts(last?.exitCode === 0, runs, deps.redact(last?.output ?? ''));
  await attempt.report([factOf(facts)]);
  if (last?.kind === 'timed_out')
    throw new AgenticoreError(
      'CLAUDE_TIMEOUT',
      `The attempt passed its deadline while \`${runs.at(-1)?.command}\` ran.`,
    );
  return facts;
}
