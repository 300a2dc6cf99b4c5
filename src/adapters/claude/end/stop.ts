// The stop ladder. SIGTERM is no rung of it: within the first seconds of a tool call it makes claude leave without
// its tool. An interrupt lets claude end its tools itself; what then remains is killed.
import type { Log } from '../../../ports/log.js';
import type { Census } from '../../host/attempt/census.js';
import { killMembers } from '../../host/attempt/kill-members.js';
import { within } from '../../host/within.js';
import type { ClaudeProcess } from '../start/spawn-claude.js';

export interface StopDeps {
  readonly claude: ClaudeProcess;
  readonly census: Census;
  /** Resolves when claude has given its next result. */
  readonly result: Promise<unknown>;
  readonly log: Log;
}

const INTERRUPT_MS = 3000;
const END_INPUT_MS = 1000;
const SIGINT_MS = 2000;

/** Ends an attempt that must not go on; resolves when none of its processes is left. */
export async function stopClaude(deps: StopDeps): Promise<void> {
  const { claude, census, result } = deps;
  // While claude lives its tools are its descendants; afterwards they are whoever they like.
  census.take();
  claude.interrupt();
  await within(INTERRUPT_MS, Promise.race([result, claude.exited]));
  claude.endInput();
  if (!(await within(END_INPUT_MS, claude.exited))) {
    census.take();
    claude.kill('SIGINT');
    await within(SIGINT_MS, claude.exited);
  }
  await endSurvivors(deps);
}

/**
 * Sees claude off after its last result: it leaves by itself when its input ends, or else after `patienceMs` by the
 * last rungs of the ladder. True when it left by itself.
 */
export async function dismissClaude(deps: StopDeps, patienceMs: number): Promise<boolean> {
  const { claude, census } = deps;
  claude.endInput();
  const left = await within(patienceMs, claude.exited);
  if (!left) {
    census.take();
    claude.kill('SIGINT');
    await within(SIGINT_MS, claude.exited);
  }
  await endSurvivors(deps);
  return left;
}

/** Kills whatever is left of an attempt: claude itself, its tools, and what they left running. */
export async function endSurvivors({ claude, census, log }: Omit<StopDeps, 'result'>): Promise<void> {
  const stuck = await killMembers(census);
  if (stuck.length > 0)
    log('claude.survivors', { pid: claude.pid, stuck: stuck.map(({ pid }) => pid) }, 'warn');
}
