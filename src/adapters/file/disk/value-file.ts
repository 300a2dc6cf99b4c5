// Small values that outlive the process, by kind and id: one line of JSON per change, the last one counts. What has been
// replaced, forgotten or outlived goes when the file is written anew.
import { readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isRecord } from '../../../domain/json-record.js';
import type { Log } from '../../../ports/log.js';
import { hasCode } from '../../host/system-error.js';
import { createGrowingFile, unreachable } from './growing-file.js';
import { syncFolder, writeDurably } from './write-durably.js';

export interface KeptValue {
  readonly kind: string;
  readonly id: string;
  /** Undefined: it is forgotten. */
  readonly value?: unknown;
  /** Until when it is kept, in epoch milliseconds; undefined for good. */
  readonly until?: number;
}

export interface ValueFile {
  /** Undefined when there is none, or its time is over. */
  get(kind: string, id: string): unknown;
  /** Keeps it; on the disk when it resolves. One call at a time. Throws BUS_UNREACHABLE, and nothing has changed then. */
  put(kept: KeptValue): Promise<void>;
  /** Gives the file handle back. */
  close(): Promise<void>;
}

/** A file of fewer lines is not worth writing anew. */
const FEW_LINES = 1000;

const keyOf = ({ kind, id }: Pick<KeptValue, 'kind' | 'id'>): string => `${kind} ${id}`;
const formatLine = (kept: KeptValue): string => `${JSON.stringify(kept)}\n`;

/**
 * The values of the file at `path`; nothing is written before the first put. A line that was cut short was never
 * acknowledged and is left out; another that cannot be read is logged as `bus.value_unreadable`. Throws BUS_UNREACHABLE.
 */
export async function openValueFile(path: string, now: () => number, log: Log): Promise<ValueFile> {
  const found = await readIfThere(path);
  const length = found.lastIndexOf('\n') + 1;
  const lines = found.toString('utf8', 0, length).split('\n').slice(0, -1);
  const all = new Map<string, KeptValue>();
  for (const [nth, line] of lines.entries()) {
    const kept = parseLine(line);
    if (kept === undefined) log('bus.value_unreadable', { path, line: nth + 1 }, 'error');
    else keep(kept);
  }
  let file = createGrowingFile(path, length);
  let lineCount = lines.length;
  let mayGrowTo = Math.max(FEW_LINES, 2 * all.size);

  const isOver = ({ until }: KeptValue): boolean => until !== undefined && until <= now();

  function keep(kept: KeptValue): void {
    all.delete(keyOf(kept));
    if (kept.value !== undefined) all.set(keyOf(kept), kept);
  }

  /** What cannot be done now is done at a later put: the lines as they are say the same. */
  async function writeAnew(): Promise<void> {
    for (const [key, kept] of all) if (isOver(kept)) all.delete(key);
    const text = [...all.values()].map(formatLine).join('');
    mayGrowTo = lineCount + FEW_LINES;
    try {
      await writeDurably(`${path}.part`, text);
      await rename(`${path}.part`, path);
    } catch {
      return;
    }
    await file.close();
    file = createGrowingFile(path, Buffer.byteLength(text));
    lineCount = all.size;
    mayGrowTo = Math.max(FEW_LINES, 2 * lineCount);
    await syncFolder(dirname(path)).catch(() => {}); // the next start finds the old file or the new one
  }

  return {
    get(kind, id) {
      const kept = all.get(keyOf({ kind, id }));
      return kept === undefined || isOver(kept) ? undefined : kept.value;
    },
    async put(kept) {
      if (lineCount >= mayGrowTo) await writeAnew();
      const isFirst = file.length === 0;
      await file.append(formatLine(kept), { sync: true });
      if (isFirst) await syncFolder(dirname(path));
      lineCount += 1;
      keep(kept);
    },
    close: () => file.close(),
  };
}

async function readIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return Buffer.alloc(0);
    throw unreachable(path, error);
  }
}

function parseLine(line: string): KeptValue | undefined {
  try {
    const kept: unknown = JSON.parse(line);
    return isKept(kept) ? kept : undefined;
  } catch {
    return undefined;
  }
}

const isKept = (value: unknown): value is KeptValue =>
  isRecord(value) &&
  typeof value.kind === 'string' &&
  typeof value.id === 'string' &&
  (value.until === undefined || typeof value.until === 'number');
