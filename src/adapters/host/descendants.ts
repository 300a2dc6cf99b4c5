// What the processes that descend from one take of the machine.
import { listProcesses, residentBytes } from './process-table.js';

/** Memory of all living descendants of `root`, bytes; 0 where the system does not tell. */
export function memoryOfDescendants(root: number): number {
  const all = listProcesses();
  const family = new Set([root]);
  // A list of processes is in no order: until a look through it finds nobody new.
  for (let known = 0; known < family.size; ) {
    known = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  family.delete(root);
  return [...family].reduce((sum, pid) => sum + (residentBytes(pid) ?? 0), 0);
}
