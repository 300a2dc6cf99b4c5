// Asks a live agent to do something that leaves traces everywhere, and fetches each trace from its own place.
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { lines } from './layers.js';
import type { Run } from './run.js';

export interface Place {
  /** The agent's address. */
  readonly url: string;
  readonly apiKey?: string;
  readonly agent: string;
  /** AGENTICORE_HOME of the agent: the file bus, and the agent's folders with Claude's sessions. */
  readonly home: string;
  /** The folder of the agents' folders, where it is not in `home`. */
  readonly agentsDir?: string;
  readonly redisUrl?: string;
  readonly keyPrefix: string;
}

const PATIENCE_MS = 120_000;
const LOOK_MS = 100;
/** It lags behind what Claude says by less than a tenth of a second. */
const SETTLE_MS = 250;

/** What a client knows of the turn. */
export type Asked = Pick<Run, 'marker' | 'jobId' | 'wire'>;

/** Runs the marker prompt. Throws when the agent cannot be asked. */
export async function ask(place: Place): Promise<Asked> {
  const marker = `AUDIT-${randomUUID()}`;
  const wire = await stream(place, marker);
  const jobId = /"id":"chatcmpl-([0-9a-f-]{36})"/.exec(wire)?.[1];
  if (jobId === undefined) throw new Error(`the stream names no job:\n${wire.slice(0, 1000)}`);
  return { marker, jobId, wire };
}

/** Gathers what the turn left. Throws when a trace cannot be read. */
export async function gather(place: Place, asked: Asked): Promise<Run> {
  const bus = await ended(place, asked.jobId);
  const session = lines(bus.ledger).findLast(({ type }) => type === 'ClaudeStarted')?.sessionId;
  if (typeof session !== 'string') throw new Error('the ledger names no session');
  const agents = place.agentsDir ?? join(place.home, 'agents');
  return { ...asked, ...bus, disk: await readSession(agents, session) };
}

async function stream({ url, apiKey, agent }: Place, marker: string): Promise<string> {
  const prompt = `Use the Bash tool to run exactly this command: echo ${marker}\nThen say what it printed.`;
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-agenticore-visibility': 'thinking,tools,text',
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify({ model: agent, stream: true, messages: [{ role: 'user', content: prompt }] }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch((error: Error) => {
    const why = (error.cause as { readonly code?: string } | undefined)?.code ?? error.message;
    throw new Error(`no agent answers at ${url} (${why}); start it, or say where it is with --url`);
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the agent answers ${response.status}: ${text.slice(0, 1000)}`);
  return text;
}

type OnBus = Pick<Run, 'ledger' | 'messages'>;

/** The response does not wait for the ledger: what the bus holds once the job has ended. */
async function ended(place: Place, jobId: string): Promise<OnBus> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const bus = await (place.redisUrl === undefined ? readFiles(place, jobId) : readRedis(place, jobId));
    if (lines(bus.ledger).some(({ type }) => /^Job(Succeeded|Failed|Cancelled)$/.test(String(type))))
      return bus;
    if (Date.now() > deadline) throw new Error(`job ${jobId} has not ended on the bus`);
    await sleep(LOOK_MS);
  }
}

function readFiles({ home }: Place, jobId: string): OnBus {
  const folder = join(home, 'bus', 'jobs', jobId);
  if (!existsSync(folder))
    throw new Error(`no job ${jobId} is in ${home}; set AGENTICORE_HOME or REDIS_URL as the agent has them`);
  const transitions = lines(readFileSync(join(folder, 'ledger.jsonl'), 'utf8'));
  const records = transitions.flatMap(({ records: list }) => (Array.isArray(list) ? list : []));
  const stored = readFileSync(join(folder, 'messages.jsonl'), 'utf8').split('\n');
  const messages = stored.filter((line) => line.includes('"kind":"message"')).map(dataOf);
  return {
    ledger: records.map((record) => JSON.stringify(record)).join('\n'),
    messages: messages.join('\n'),
  };
}

/** The data of a line is the text that was hashed: it must not be parsed and written anew. */
const dataOf = (line: string): string => line.slice(line.indexOf(',"data":') + ',"data":'.length, -1);

async function readRedis({ redisUrl = '', keyPrefix }: Place, jobId: string): Promise<OnBus> {
  const redis = new Redis(redisUrl);
  try {
    const key = `{${keyPrefix}}:job:${jobId}`;
    const records = await redis.lrange(`${key}:events`, 0, -1);
    const said = await redis.xrange(`${key}:feed`, '-', '+');
    const messages = said.flatMap(([, fields]) => {
      const entry = Object.fromEntries(pairs(fields));
      return entry.kind === 'message' ? [entry.data ?? ''] : [];
    });
    // Before each record stands its place in the feed.
    const ledger = records.map((record) => record.slice(record.indexOf('{')));
    return { ledger: ledger.join('\n'), messages: messages.join('\n') };
  } finally {
    redis.disconnect();
  }
}

const pairs = (fields: readonly string[]): readonly (readonly [string, string])[] =>
  fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? ''] as const] : []));

/** Claude's session file, wherever below the folder it is, once Claude has written what it had to write. */
async function readSession(folder: string, session: string): Promise<string> {
  const name = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) =>
    path.endsWith(`${session}.jsonl`),
  );
  if (name === undefined) throw new Error(`Claude's session ${session} is not below ${folder}`);
  const read = (): string => readFileSync(join(folder, name), 'utf8');
  for (let text = read(); ; ) {
    await sleep(SETTLE_MS);
    const later = read();
    if (later === text) return text;
    text = later;
  }
}
