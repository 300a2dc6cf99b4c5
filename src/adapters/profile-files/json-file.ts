// Reads the JSON files of a profile, and says where they are wrong.
import { readFile } from 'node:fs/promises';
import { type ErrorDetail, messageOf } from '../../domain/errors.js';
import { isRecord, type JsonRecord } from '../../domain/json-record.js';

/** Servers by name, as `.mcp.json` has them under `mcpServers`. */
export type McpServers = ReadonlyMap<string, JsonRecord>;

export type Reading<T> = { readonly value: T } | { readonly fault: ErrorDetail };

/** The map in a JSON file; errors of reading count as faults of the file. */
export async function readJsonMap(file: string): Promise<Reading<JsonRecord>> {
  let text = '';
  try {
    text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? { value } : { fault: { path: file, message: 'must be a map in braces' } };
  } catch (error) {
    const reason = messageOf(error);
    if (!(error instanceof SyntaxError))
      return { fault: { path: file, message: `cannot be read: ${reason}` } };
    const position = /position (\d+)/.exec(reason)?.[1];
    const line = position === undefined ? '' : `:${text.slice(0, Number(position)).split('\n').length}`;
    return { fault: { path: `${file}${line}`, message: `is not valid JSON: ${reason}` } };
  }
}

/** The servers that a `.mcp.json` names. */
export async function readMcpServers(file: string): Promise<Reading<McpServers>> {
  const reading = await readJsonMap(file);
  if ('fault' in reading) return reading;
  const { mcpServers = {} } = reading.value;
  const wrong = (path: string): Reading<McpServers> => ({
    fault: { path: `${file}: ${path}`, message: 'must be a map in braces' },
  });
  if (!isRecord(mcpServers)) return wrong('mcpServers');
  const servers = new Map<string, JsonRecord>();
  for (const [name, server] of Object.entries(mcpServers)) {
    if (!isRecord(server)) return wrong(`mcpServers.${name}`);
    servers.set(name, server);
  }
  return { value: servers };
}

/** Per key, `over` wins; maps inside are merged the same way, lists are replaced. */
export function mergeDeep(under: JsonRecord, over: JsonRecord): JsonRecord {
  const merged: Record<string, unknown> = Object.assign(Object.create(null), under);
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isRecord(below) && isRecord(value) ? mergeDeep(below, value) : value;
  }
  return merged;
}
