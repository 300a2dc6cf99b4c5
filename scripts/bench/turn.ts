// How soon a turn of the agent begins to be answered, beside the model alone and a claude started for each turn; and how
// long a line of claude takes to the reader's socket.
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningServer, startServer } from '../quickstart/start-server.js';
import { startRedisServer } from '../redis/redis-server.js';
import { startScriptedModel } from '../scripted-model/server.js';
import { percentile } from './percentile.js';
import type { Report } from './report.js';
import { agentTurn, claudePerTurn, heard, modelAlone } from './turn/first-delta.js';
import { lagsBetween } from './turn/line-to-socket.js';
import { readStream } from './turn/openai-stream.js';

const ROUNDS = 20;
const SHELL_ROUNDS = 8;
const STAMPED_TURNS = 5;
/** Conversations that are over leave their places to processes for new ones. */
const ROOMY = { AGENT_MODE_MAX_PROCESSES: '16', AGENT_MODE_IDLE_SECONDS: '3' };
const PATIENCE_MS = 60_000;
const DOOR = fileURLToPath(new URL('../../src/main.js', import.meta.url));

const METHOD = [
  `One scripted model for all, which answers at once; the real claude; one turn at a time, ${ROUNDS} of each kind`,
  `  (${SHELL_ROUNDS} of the slow ones), in turn with each other. Milliseconds from the request to the first word that arrives.`,
  'model: the Messages API asked directly. shell: `claude -p` started for the turn. cold: the agent with nothing started ahead.',
  'warm first: a new conversation, its process was started ahead. warm later: the next turn of a conversation.',
  'line to socket: a stand-in claude writes its clock into each of 100 words, 5 ms apart; a probe in the servers notes when a word',
  '  comes out of the pipe and when it has gone to the socket: reading, rendering, redaction, writing; by Redis also the feed.',
  'word to reader: from the stand-in to the client, pipe and loopback and both processes included.',
  'in process: one server; by Redis: the request at one process, claude at another, Redis with appendfsync always.',
];

/** Runs the benchmark; takes about a minute. */
export async function run(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'agenticore-bench-'));
  try {
    const delays = await firstDeltas(folder);
    const inProcess = await lagInProcess(folder);
    const byRedis = await lagByRedis(folder);
    return { method: METHOD, figures: { ...summary(delays), ...inProcess, ...byRedis } };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

type Kind = 'model' | 'shell' | 'cold' | 'warm first' | 'warm later';

async function firstDeltas(folder: string): Promise<Record<Kind, number[]>> {
  const script = { name: 'any', steps: [{ say: 'Very well, thank you, and how are you yourself today?' }] };
  const model = await startScriptedModel({ scripts: [script], pace: 'instant' });
  const settings = { ANTHROPIC_API_KEY: 'none-needed', ANTHROPIC_BASE_URL: model.url };
  const start = (name: string, warm: number): Promise<RunningServer> =>
    startAgent(join(folder, name), { ...settings, ...ROOMY, AGENT_MODE_WARM_PROCESSES: String(warm) });
  const warm = await start('warm', 2);
  const cold = await start('cold', 0);
  const samples: Record<Kind, number[]> = {
    model: [],
    shell: [],
    cold: [],
    'warm first': [],
    'warm later': [],
  };
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      samples.model.push(await modelAlone(model.url));
      if (round < SHELL_ROUNDS) {
        samples.shell.push(await claudePerTurn(model.url, folder));
        samples.cold.push((await agentTurn(cold.url, randomUUID(), [])).first);
      }
      await whenWarm(warm.url);
      const conversation = randomUUID();
      const begun = await agentTurn(warm.url, conversation, []);
      samples['warm first'].push(begun.first);
      // Its successor is being started meanwhile: a reader takes its time to ask again.
      await whenWarm(warm.url);
      const next = await agentTurn(warm.url, conversation, heard([], begun.answer));
      samples['warm later'].push(next.first);
    }
    return samples;
  } finally {
    await Promise.all([warm.stop(), cold.stop()]);
    await model.close();
  }
}

function summary(samples: Record<Kind, number[]>): Report['figures'] {
  const figures: Record<string, string> = {};
  const p50 = (kind: Kind): number => percentile(samples[kind], 0.5);
  for (const [kind, delays] of Object.entries(samples))
    figures[`${kind}, p50 / p95 ms`] = `${ms(percentile(delays, 0.5))} / ${ms(percentile(delays, 0.95))}`;
  figures['warm later over the model, p50 ms'] = ms(p50('warm later') - p50('model'));
  figures['shell / warm later, p50'] = (p50('shell') / p50('warm later')).toFixed(1);
  return figures;
}

async function lagInProcess(folder: string): Promise<Report['figures']> {
  const probe = probeOf(folder, 'in-process');
  const server = await startAgent(join(folder, 'in-process'), { ...standIn(folder), ...probe.settings });
  const words = await readWords(server.url).finally(() => server.stop());
  return lagFigures('in process', lagsBetween(probe.file, probe.file), words);
}

async function lagByRedis(folder: string): Promise<Report['figures']> {
  const redis = await startRedisServer({ durable: true });
  const settings = { ...standIn(folder), REDIS_URL: redis.url };
  const [reader, sender] = [probeOf(folder, 'worker'), probeOf(folder, 'counter')];
  const start = (name: string, probe: Probe, roles: string): Promise<RunningServer> =>
    startAgent(join(folder, name), { ...settings, ...probe.settings, AGENTICORE_ROLES: roles });
  try {
    const worker = await start('worker', reader, 'worker');
    const counter = await start('counter', sender, 'ingress,gateway');
    const words = await readWords(counter.url).finally(() => Promise.all([worker.stop(), counter.stop()]));
    return lagFigures('by Redis', lagsBetween(reader.file, sender.file), words);
  } finally {
    await redis.stop();
  }
}

interface Probe {
  readonly file: string;
  readonly settings: Readonly<Record<string, string>>;
}

function probeOf(folder: string, name: string): Probe {
  const file = join(folder, `${name}-lags`);
  const program = new URL('./turn/lag-probe.js', import.meta.url).href;
  return { file, settings: { NODE_OPTIONS: `--import=${program}`, AGENTICORE_TEST_LAGS: file } };
}

function lagFigures(where: string, lags: readonly number[], words: readonly number[]): Report['figures'] {
  const pair = (values: readonly number[]): string =>
    `${percentile(values, 0.5).toFixed(2)} / ${percentile(values, 0.95).toFixed(2)}`;
  return {
    [`line to socket ${where}, p50 / p95 ms`]: pair(lags),
    [`word to reader ${where}, p50 / p95 ms`]: pair(words),
  };
}

/** Milliseconds from the stand-in to this process, for each word; the first turn warms up. */
async function readWords(url: string): Promise<readonly number[]> {
  const delays: number[] = [];
  for (let turn = 0; turn <= STAMPED_TURNS; turn += 1) {
    for (const { text, at } of await readStream(url, [{ role: 'user', content: 'What time is it?' }]))
      for (const stamp of text.trim().split(' ').map(Number))
        if (turn > 0 && stamp > 1e12) delays.push(at - stamp);
  }
  return delays;
}

function standIn(folder: string): Record<string, string> {
  const path = join(folder, 'claude');
  const program = fileURLToPath(new URL('./turn/stamping-claude.js', import.meta.url));
  writeFileSync(path, `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`);
  chmodSync(path, 0o755);
  return { ANTHROPIC_API_KEY: 'none-needed', AGENTICORE_CLAUDE_BINARY: path };
}

function startAgent(folder: string, settings: Record<string, string>): Promise<RunningServer> {
  mkdirSync(folder);
  return startServer(DOOR, folder, { AGENT_MODE: 'true', ...settings });
}

/** Waits until a process stands ready for a new conversation. */
async function whenWarm(url: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const health = (await (await fetch(`${url}/health`)).json()) as { processes?: { warm: number } };
    if ((health.processes?.warm ?? 0) >= 2) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no process was warm within ${PATIENCE_MS / 1000} s`);
}

const ms = (value: number): string => value.toFixed(1);
