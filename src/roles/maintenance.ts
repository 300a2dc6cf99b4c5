// The maintenance shift: runs in every process, safely side by side.
import { delayLoop } from '../app/loops/delay.js';
import { forgetDeadLoop } from '../app/loops/forget-dead.js';
import { forgetDirectoriesLoop } from '../app/loops/forget-directories.js';
import { lapseLoop } from '../app/loops/lapse.js';
import { profileSyncLoop } from '../app/loops/profile-sync.js';
import { upkeepLoop } from '../app/loops/upkeep.js';
import { persist } from '../app/persist.js';
import { isCode } from '../domain/errors.js';
import { type Service, untilAborted } from '../runtime/supervise.js';
import { callBackServices } from './call-back.js';
import type { Machines } from './machines.js';

/** The loops of the shift; `lane` is the one that this process works for. */
export function maintenanceServices(machines: Machines, lane: string): readonly Service[] {
  const deps = { ...machines, queue: machines.bus.queue };
  const graceMs = machines.config.repos.jobTtlSeconds * 1000;
  return [
    { name: 'bus-check', run: (signal) => checkBus(machines, signal) },
    { name: 'delay', run: (signal) => delayLoop(deps, signal) },
    { name: 'forget-dead', run: (signal) => forgetDeadLoop({ ...deps, lane }, signal) },
    { name: 'forget-directories', run: (signal) => forgetDirectoriesLoop({ ...deps, graceMs }, signal) },
    { name: 'lapse', run: (signal) => lapseLoop(deps, signal) },
    ...(machines.config.agentMode ? [] : [profileSync(machines)]),
    { name: 'upkeep', run: (signal) => upkeepLoop(deps, signal) },
    ...callBackServices(machines),
  ];
}

/** An agent takes no coding jobs, and needs no profiles. */
function profileSync(machines: Machines): Service {
  const intervalMs = machines.config.profilesRepo.syncInterval * 1000;
  return {
    name: 'profile-sync',
    run: (signal) => profileSyncLoop({ ...machines, intervalMs }, signal),
  };
}

/** Once the bus answers: a line for each promise that it cannot keep as it is set up. */
async function checkBus({ bus, clock, log }: Machines, signal: AbortSignal): Promise<void> {
  try {
    const weaknesses = await persist(clock, signal, () => bus.weaknesses());
    for (const { fact, mend } of weaknesses) log('bus.weak', { fact, mend }, 'warn');
  } catch (error) {
    if (!isCode(error, 'BUS_UNREACHABLE')) throw error; // we leave before it was ever there
  }
  await untilAborted(signal);
}
