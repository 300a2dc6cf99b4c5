// The maintenance shift: runs in every process, safely side by side.
import { delayLoop } from '../app/loops/delay.js';
import { forgetDeadLoop } from '../app/loops/forget-dead.js';
import { upkeepLoop } from '../app/loops/upkeep.js';
import type { Service } from '../runtime/supervise.js';
import type { Machines } from './machines.js';

/** The loops of the shift. */
export function maintenanceServices(machines: Machines): readonly Service[] {
  const deps = { ...machines, queue: machines.bus.queue };
  const { lane } = machines.config.worker;
  return [
    { name: 'delay', run: (signal) => delayLoop(deps, signal) },
    { name: 'forget-dead', run: (signal) => forgetDeadLoop({ ...deps, lane }, signal) },
    { name: 'upkeep', run: (signal) => upkeepLoop(deps, signal) },
  ];
}
