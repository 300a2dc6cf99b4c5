// A server that can be hurt: a process of its own, with a claude that costs nothing and says back what it is told.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningServer, startServer } from '../quickstart/start-server.js';
import type { Tool } from './requests/any-rpc.js';
import { takeVitals, type Vitals } from './vitals.js';

export interface Target {
  readonly name: string;
  readonly port: number;
  /** What its callers may show. */
  readonly keys: readonly string[];
  /** Ids of jobs that are there. */
  readonly known: readonly string[];
  /** The id of a visit of MCP, and its tools. */
  readonly visit: string;
  readonly tools: readonly Tool[];
  vitals(): Promise<Vitals>;
  /** A sentence when it no longer does its work. */
  work(): Promise<string | undefined>;
  /** What its log tells of bugs. */
  bugs(): readonly string[];
  stop(): Promise<void>;
}

const DOOR = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const KEYS = ['everything', 'reader-key', 'chat-key'];
/** The first may do what all may, but for stopping the server. */
const KEY_ENTRIES = [
  'all[jobs:read jobs:write agent:chat]:everything',
  'reader[jobs:read]:reader-key',
  'chat[agent:chat]:chat-key',
];
const KNOWN_JOBS = 5;

const KINDS = {
  fleet: {},
  'fleet with keys': {
    AGENTICORE_API_KEYS: KEY_ENTRIES.join(','),
    OAUTH_ISSUER_URL: 'https://fuzz.example',
    OAUTH_LOGIN_SECRET: 'a-login-secret-of-the-fuzz',
    AGENTICORE_ALLOW_QUERY_KEY: 'true',
  },
  agent: { AGENT_MODE: 'true' },
  'agent with keys': { AGENT_MODE: 'true', AGENTICORE_API_KEYS: KEY_ENTRIES.join(',') },
} as const;

export type Kind = keyof typeof KINDS;
export const ALL_KINDS = Object.keys(KINDS) as readonly Kind[];

/** Starts one, with some jobs in it. */
export async function startTarget(name: Kind, parent: string): Promise<Target> {
  const folder = join(parent, name.replaceAll(' ', '-'));
  mkdirSync(folder);
  const vitalsFile = join(folder, 'vitals.json');
  const settings: Readonly<Record<string, string>> = KINDS[name];
  const server = await startServer(DOOR, folder, {
    ...settings,
    ANTHROPIC_API_KEY: 'none-needed',
    AGENTICORE_CLAUDE_BINARY: standIn(folder),
    // What is accepted must not keep the machine busy for long after.
    AGENTICORE_MAX_QUEUED: '50',
    AGENTICORE_MAX_ATTEMPTS: '1',
    AGENT_MODE_MAX_PROCESSES: '4',
    AGENT_MODE_WARM_PROCESSES: '1',
    NODE_OPTIONS: `--import=${new URL('./vitals-probe.js', import.meta.url).href}`,
    AGENTICORE_TEST_VITALS: vitalsFile,
  });
  const hasKeys = 'AGENTICORE_API_KEYS' in settings;
  const headers = { 'content-type': 'application/json', ...(hasKeys && { 'x-api-key': 'everything' }) };
  const say = 'AGENT_MODE' in settings ? sayToAgent : sayToFleet;
  const known: string[] = [];
  for (let n = 0; n < KNOWN_JOBS; n += 1) known.push(await say(server, headers));
  const rpc = { ...headers, accept: 'application/json, text/event-stream' };
  const visit = await beginVisit(server, rpc);
  const tools = await listTools(server, { ...rpc, 'mcp-session-id': visit });
  return {
    ...{ name, known, visit, tools, stop: server.stop },
    port: Number(new URL(server.url).port),
    keys: hasKeys ? KEYS : [],
    vitals: () => takeVitals(server.pid, vitalsFile),
    work: () =>
      say(server, headers).then(
        () => undefined,
        (error: Error) => error.message,
      ),
    bugs: () =>
      readFileSync(join(folder, 'server.log'), 'utf8')
        .split('\n')
        .filter((line) => /http\.bug|"level":(50|60)|uncaught/i.test(line)),
  };
}

function standIn(folder: string): string {
  const path = join(folder, 'claude');
  const program = fileURLToPath(new URL('../../tests/support/chatty-claude.js', import.meta.url));
  writeFileSync(
    path,
    `#!/bin/sh\nexec ${process.execPath} ${program} ${join(folder, 'starts')} plain "$@"\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

type Headers = Readonly<Record<string, string>>;

/** Has a job done; resolves with its id. Throws when it is not. */
async function sayToFleet({ url }: RunningServer, headers: Headers): Promise<string> {
  const body = JSON.stringify({ task: 'Say hi.', wait: true });
  const response = await untilTaken(() => fetch(`${url}/jobs`, { method: 'POST', headers, body }));
  const { job } = (await response.json()) as { job?: { id: string; status: string; error?: string } };
  if (job?.status !== 'succeeded')
    throw new Error(`a job ended as ${job?.status ?? response.status}: ${job?.error}`);
  return job.id;
}

async function sayToAgent({ url }: RunningServer, headers: Headers): Promise<string> {
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hi.' }] });
  const response = await untilTaken(() =>
    fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body }),
  );
  const answer = (await response.json()) as { id?: string };
  if (response.status !== 200 || answer.id === undefined)
    throw new Error(`a turn ended as ${response.status}: ${JSON.stringify(answer)}`);
  return answer.id.replace('chatcmpl-', '');
}

async function beginVisit({ url }: RunningServer, headers: Headers): Promise<string> {
  const clientInfo = { name: 'fuzz', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const response = await fetch(`${url}/mcp`, { method: 'POST', headers, body });
  await response.text();
  return response.headers.get('mcp-session-id') ?? '';
}

async function listTools({ url }: RunningServer, headers: Headers): Promise<readonly Tool[]> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
  const text = await (await fetch(`${url}/mcp`, { method: 'POST', headers, body })).text();
  const message = JSON.parse(/^(?:data: )?(\{.*\})$/m.exec(text)?.[1] ?? '{}');
  return message.result.tools;
}

/** Who is told to come back does. */
async function untilTaken(ask: () => Promise<Response>): Promise<Response> {
  for (const deadline = Date.now() + 60_000; ; ) {
    const response = await ask();
    const comeBack = [429, 503].includes(response.status);
    if (!comeBack || Date.now() > deadline) return response;
    await response.text();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
