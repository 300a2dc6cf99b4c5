// The turns of this process: what its surfaces call.
import { AgenticoreError } from '../../domain/errors.js';
import { getJob } from '../inspect-jobs.js';
import { admitTurn } from './admit-turn.js';
import { followTurn } from './follow-turn.js';
import { allModels, resolveModel } from './models.js';
import type { TurnDeps } from './turn-deps.js';
import type { Turns } from './turns.js';
import type { WaitingRoom } from './waiting-room.js';

/** Turns that are admitted here, or wait in `room`. */
export function openTurns(deps: TurnDeps, room: WaitingRoom): Turns {
  return {
    models: () => allModels(deps.packages.current()),
    resolveModel: (id) => resolveModel(deps.packages.current(), id),
    open: (request, signal, key) => admitTurn(deps, room, request, { jobId: deps.newId(), key }, signal),
    async replay(jobId, caller, take, signal) {
      const { job } = await getJob(deps.events, jobId);
      if (job.kind !== 'turn' || job.order.turn?.caller !== caller)
        throw new AgenticoreError('JOB_NOT_FOUND');
      return followTurn(deps, job, take, signal);
    },
  };
}
