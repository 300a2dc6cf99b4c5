// What the model was used for, added up: over the turns of a process, over the processes of an attempt, over attempts.
import { isRecord, type JsonRecord } from './json-record.js';

/** Adds up the counters of two of Claude's usage objects; what is no number is taken from the later one. */
export function addUsage(earlier: JsonRecord | undefined, later: JsonRecord): JsonRecord {
  if (earlier === undefined) return later;
  const sum: Record<string, unknown> = { ...earlier };
  for (const [key, value] of Object.entries(later)) {
    const before = earlier[key];
    if (typeof value === 'number' && typeof before === 'number') sum[key] = before + value;
    else sum[key] = isRecord(value) && isRecord(before) ? addUsage(before, value) : value;
  }
  return sum;
}
