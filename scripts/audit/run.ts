// What an audit gathers of one turn, each part read at its own place: what a client got, what Claude wrote on its disk,
// what the bus holds. It can be kept and judged again.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Run {
  /** Stands in the command that the agent was asked to run, and in what that printed. */
  readonly marker: string;
  readonly jobId: string;
  /** The bytes of the stream, as text. */
  readonly wire: string;
  /** Claude's own session file. */
  readonly disk: string;
  /** The records of the ledger, one JSON to a line. */
  readonly ledger: string;
  /** The messages of the transcript as they are stored, one JSON to a line. */
  readonly messages: string;
}

const FACTS = 'run.json';
const PARTS = {
  wire: 'wire.sse',
  disk: 'disk.jsonl',
  ledger: 'bus-ledger.jsonl',
  messages: 'bus-messages.jsonl',
} as const;

/** Puts a run into a folder. */
export function keepRun(folder: string, run: Run): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const part of partNames()) writeFileSync(join(folder, PARTS[part]), run[part], { mode: 0o600 });
  const { marker, jobId } = run;
  writeFileSync(join(folder, FACTS), `${JSON.stringify({ marker, jobId }, null, 2)}\n`);
}

/** Reads a run that was kept. Throws when a part of it is missing. */
export function readRun(folder: string): Run {
  if (!existsSync(join(folder, FACTS))) throw new Error(`no audit was kept in ${folder}`);
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const facts: { readonly marker: string; readonly jobId: string } = JSON.parse(read(FACTS));
  const { wire, disk, ledger, messages } = PARTS;
  return {
    ...facts,
    wire: read(wire),
    disk: read(disk),
    ledger: read(ledger),
    messages: read(messages),
  };
}

const partNames = (): readonly (keyof typeof PARTS)[] => ['wire', 'disk', 'ledger', 'messages'];
