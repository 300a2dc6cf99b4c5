// The process that watches over claude when the worker no longer can. It holds the end of a pipe from its worker;
// when the pipe closes, the worker has left - killed, crashed or done - and whatever it still ran is ended.
// Started by guard.ts with the worker's identity as its argument; told by JSON lines which attempts run.
import { createInterface } from 'node:readline';
import { isRecord } from '../../../domain/json-record.js';
import { findProcess, type ProcessIdentity, workingDirectory } from '../process-table.js';
import { createCensus } from './census.js';
import { endOrphans } from './kill-members.js';

// Whoever stops the worker may mean its whole group or container; this process leaves last, on its own terms.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const owner = process.argv[2] ?? '';
const watched = new Map<string, ProcessIdentity & { readonly workplace: string | undefined }>();

function obey(line: string): void {
  const order: unknown = JSON.parse(line);
  if (!isRecord(order) || typeof order.tag !== 'string') return;
  const claude = typeof order.add === 'number' ? findProcess(order.add) : undefined;
  const workplace = claude && order.shares_place !== true ? workingDirectory(claude.pid) : undefined;
  if (claude) watched.set(order.tag, { ...claude, workplace });
  if (order.remove === true) watched.delete(order.tag);
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    obey(line);
  } catch {
    // The worker was killed in the middle of a line.
  }
}
const owns = (tag: string): boolean => owner !== '' && tag.endsWith(`@${owner}`);
const roots = [...watched.values()];
const since = Math.min(...roots.map(({ start }) => start));
const workplaces = roots.map(({ workplace }) => workplace).filter((place) => place !== undefined);
await endOrphans(createCensus({ roots, owns, workplaces, ...(roots.length > 0 ? { since } : {}) }));
process.exit(0);
