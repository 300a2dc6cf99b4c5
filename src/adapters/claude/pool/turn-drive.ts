// One turn of one process, as those know it who tell claude, listen to it and end it.
import type { TurnListener, TurnOrder, TurnStart } from '../../../ports/turn-agent.js';
import type { PoolProcess } from './pool-process.js';

export interface TurnDrive {
  readonly process: PoolProcess;
  readonly order: TurnOrder;
  readonly start: TurnStart;
  readonly listener: TurnListener;
  /** claude has begun to answer, or waits for its model to; called once. */
  readonly onAnswer: () => void;
  readonly signal: AbortSignal;
}
