// One turn of a process: claude is told what it needs to know, is asked, and is listened to until it is done. What
// becomes of the process afterwards is somebody else's business.
import type { TurnEnd } from '../../../ports/turn-agent.js';
import { within } from '../../host/within.js';
import { createCourse } from '../listen/course.js';
import { type Hearing, hearTurn } from './hear-turn.js';
import type { PoolDeps } from './pool-deps.js';
import type { PoolProcess } from './pool-process.js';
import { tellClaude } from './tell-claude.js';
import type { TurnDrive } from './turn-drive.js';

export interface DrivenTurn {
  readonly end: TurnEnd;
  /** Its session holds exactly what was asked and answered, and the process waits for more. */
  readonly isExact: boolean;
}

const INTERRUPT_MS = 3000;
/** For the listener to take what claude said last, when nobody waits for the result any more. */
const LAST_MESSAGES_MS = 30_000;

/**
 * Resolves when the turn is over; the process is listened to no longer. `unheard`: the process was gone before it heard
 * of the turn, or could not go on with its session, and nobody was told that it had started. Rejects with what the listener threw.
 */
export async function driveTurn(deps: PoolDeps, drive: TurnDrive): Promise<DrivenTurn | 'unheard'> {
  const { process, start, signal } = drive;
  const { claude, life } = process;
  const course = createCourse();
  const hearing = hearTurn(deps, drive, course);
  const stop = (): void => course.end({ kind: 'stopped' });
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  void claude.exited.then(() => course.end({ kind: 'exited' }));
  try {
    void tellClaude(drive, hearing).catch(course.fail);
    const ending = await course.over;
    hearing.stopWatching();
    if (ending.kind === 'exited') await process.reading.finish(LAST_MESSAGES_MS);
    if (ending.kind === 'stopped' || ending.kind === 'failed') await interrupt(process, hearing);
    process.listen(undefined);
    const isOld = start.process !== 'cold' || start.memory === 'resumed';
    if (ending.kind === 'exited' && isOld && !hearing.hasHeard()) return 'unheard';
    hearing.announceStart();
    await hearing.taken(ending.kind === 'settled' ? undefined : LAST_MESSAGES_MS);
    course.assertSound();
    const end = hearing.judge(
      ending,
      ending.kind === 'exited' ? await claude.exited : undefined,
      claude.lastWords(),
    );
    life.turns += 1;
    life.spentUsd += end.costUsd;
    return {
      end,
      isExact: end.kind === 'succeeded' && ending.kind === 'settled' && hearing.staysInSession(),
    };
  } finally {
    process.listen(undefined);
    hearing.stopWatching();
    signal.removeEventListener('abort', stop);
  }
}

/** Lets claude end its tools itself, and say what it has come to. */
async function interrupt({ claude, life, reading }: PoolProcess, hearing: Hearing): Promise<void> {
  if (!life.isReady || !hearing.wasAsked()) return;
  const result = reading.nextResult();
  claude.interrupt();
  await within(INTERRUPT_MS, Promise.race([result, claude.exited]));
}
