// The foot of every stop ladder: kill until nobody is left.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessEntry, signalProcess } from '../process-table.js';
import type { Census } from './census.js';

const LOOK_EVERY_MS = 20;
/** A killed process that does not go in this time hangs in the kernel and runs no more code. */
const GIVE_UP_AFTER_MS = 15_000;

/**
 * Sends SIGKILL to every member until a census finds none. Resolves with those that remain all the same: processes
 * of another user, or stuck in the kernel.
 */
export async function killMembers(census: Census): Promise<readonly ProcessEntry[]> {
  const deadline = performance.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    const living = census.take();
    const refused = living.filter((member) => !signalProcess(member, 'SIGKILL'));
    if (living.length === refused.length || performance.now() > deadline) return living;
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * Ends processes nobody drives any more: SIGINT, on which claude ends its own tools and writes its session down,
 * then, after `graceMs`, SIGKILL. Resolves with how many there were.
 */
export async function endOrphans(census: Census, graceMs = 2000): Promise<number> {
  const orphans = census.take();
  const pids = new Set(orphans.map(({ pid }) => pid));
  for (const orphan of orphans) if (!pids.has(orphan.parent)) signalProcess(orphan, 'SIGINT');
  const deadline = performance.now() + graceMs;
  while (performance.now() < deadline && census.take().length > 0) await sleep(LOOK_EVERY_MS);
  await killMembers(census);
  return orphans.length;
}
