// Who belongs to an attempt, where the process table changes between two looks: pids are given again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCensus } from '../../src/adapters/host/attempt/census.js';
import type { ProcessEntry } from '../../src/adapters/host/process-table.js';

/** Above any pid of the host, so that nothing of a living process is read. */
const [CLAUDE, TOOL, CHILD, STRANGER] = [9_000_001, 9_000_002, 9_000_003, 9_000_004];

const entry = (pid: number, start: number, more: Partial<ProcessEntry> = {}): ProcessEntry => ({
  pid,
  start,
  parent: 1,
  session: pid,
  hasTerminal: false,
  ...more,
});

const claude = entry(CLAUDE, 10);
const tool = entry(TOOL, 20, { parent: CLAUDE });
const child = entry(CHILD, 30, { parent: TOOL, session: TOOL });

/** The pids that each look finds, at one process table after another. */
function looksAt(...tables: readonly (readonly ProcessEntry[])[]): readonly (readonly number[])[] {
  let now: readonly ProcessEntry[] = [];
  const census = createCensus({ roots: [claude], owns: () => false, processes: () => now });
  return tables.map((table) => {
    now = table;
    return census.take().map(({ pid }) => pid);
  });
}

test('whoever is in a session that a member led is a member, also when the leader has gone', () => {
  const orphan = { ...child, parent: 1 };
  const looks = looksAt([claude, tool], [claude, orphan], [orphan]);
  assert.deepEqual(looks, [[CLAUDE, TOOL], [CLAUDE, CHILD], [CHILD]]);
});

test('a session of somebody who was given the pid of a leader is none of the attempt', () => {
  const another = entry(TOOL, 40);
  const theirs = entry(STRANGER, 50, { parent: TOOL, session: TOOL });
  assert.deepEqual(looksAt([claude, tool], [claude, another, theirs]), [[CLAUDE, TOOL], [CLAUDE]]);
});

test('a session that was over is forgotten: its number says nothing about who has it later', () => {
  const theirs = entry(STRANGER, 50, { session: TOOL }); // whose leader has gone already
  const looks = looksAt([claude, tool], [claude], [claude, theirs]);
  assert.deepEqual(looks, [[CLAUDE, TOOL], [CLAUDE], [CLAUDE]]);
});
