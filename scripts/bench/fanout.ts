// What it costs to let 1,000 readers follow live: lag from append to the reader's socket, CPU and memory of one gateway.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openRedisBus } from '../../src/adapters/redis/open-redis-bus.js';
import type { Bus } from '../../src/ports/bus.js';
import { startAttempt, submit } from '../../tests/support/ledger.js';
import { startServer } from '../quickstart/start-server.js';
import { startRedisServer } from '../redis/redis-server.js';
import { type ReadersReport, startReaders } from './fanout-readers.js';
import { pourDeltas } from './fanout-source.js';
import { percentile } from './percentile.js';
import { cpuMs, rssBytes } from './process-usage.js';
import type { Report } from './report.js';

const READERS = 1_000;
const SECONDS = 12;
const WARM_UP_S = 2;
/** Descriptors of a process besides its readers' sockets. */
const OTHER_FILES = 100;

interface Row {
  readonly jobs: number;
  /** Deltas per second of all jobs together. */
  readonly rate: number;
}
const ROWS: readonly Row[] = [
  { jobs: 100, rate: 2_000 },
  { jobs: 1, rate: 20 },
];

const METHOD = [
  `${READERS} SSE readers (HTTP/1.1, no keep-alive, one process of their own, come by the hundred) on one \`agenticore serve --roles gateway\`.`,
  'The bus is a redis-server of our own without persistence. Jobs are running ones; a producer in the process of the',
  '  benchmark appends deltas of about 100 bytes of text, each alone, through the transcript script at a steady rate that does',
  `  not wait for answers, for ${SECONDS} s. Each row has a gateway of its own, started anew.`,
  'lag: from before the append to the frame in the reader, on the monotonic clock that all processes share. The first',
  `  ${WARM_UP_S} s are left out of it.`,
  'frames: every reader must see every entry of its job once, in order; otherwise this ends with exit code 1.',
  'CPU: user and system time of the process while deltas flow, of one core. RSS per reader: growth / readers, when all are',
  '  connected and idle, and at the end of the flow.',
  `Producer, Redis, gateway and readers share the ${availableParallelism()} cores of this machine: lag is an upper bound, and`,
  '  tells nothing where the load was high before; the CPU per frame tells even then.',
];

/** Runs the benchmark; takes about 40 s. Sets exit code 1 when a frame is missing, double or out of order. */
export async function run(): Promise<Report> {
  assertEnoughFiles();
  const figures: Record<string, string> = { 'load of this machine before': (loadavg()[0] ?? 0).toFixed(1) };
  for (const row of ROWS) {
    const title = `${row.jobs} ${row.jobs === 1 ? 'job' : 'jobs'} x ${READERS / row.jobs} readers`;
    for (const [name, figure] of Object.entries(await measure(row))) figures[`${title}: ${name}`] = figure;
  }
  return { method: METHOD, figures };
}

function assertEnoughFiles(): void {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  if (limit !== 'unlimited' && Number(limit) < READERS + OTHER_FILES)
    throw new Error(
      `A process may have ${limit} open files here, but ${READERS} readers need ${READERS + OTHER_FILES}: raise it (ulimit -Hn).`,
    );
}

async function measure(row: Row): Promise<Readonly<Record<string, string>>> {
  const folder = mkdtempSync(join(tmpdir(), 'agenticore-bench-'));
  const redis = await startRedisServer();
  const keyPrefix = 'bench';
  const bus = await openRedisBus({ url: redis.url, keyPrefix, leaseMs: 600_000, consumer: 'producer' });
  const door = fileURLToPath(new URL('../../src/main.js', import.meta.url));
  const gateway = await startServer(door, folder, {
    REDIS_URL: redis.url,
    REDIS_KEY_PREFIX: keyPrefix,
    AGENTICORE_ROLES: 'gateway',
  });
  const readers = startReaders();
  try {
    const jobIds = await runningJobs(bus, row.jobs);
    const urls = jobIds.map((jobId) => `${gateway.url}/jobs/${jobId}/events`);
    const rssBefore = rssBytes(gateway.pid);
    await readers.open(Array.from({ length: READERS }, (_, n) => urls[n % urls.length] ?? ''));
    await sleep(1_000);
    const rssIdle = rssBytes(gateway.pid);

    const pids = {
      gateway: gateway.pid,
      redis: redis.pid() ?? 0,
      readers: readers.pid,
      producer: process.pid,
    };
    const before = Object.entries(pids).map(([name, pid]) => ({ name, pid, cpu: cpuMs(pid) }));
    const began = performance.now();
    const poured = await pourDeltas(bus, jobIds, { perSecond: row.rate, seconds: SECONDS });
    const ms = performance.now() - began;
    const used = before.map(({ name, pid, cpu }) => ({ name, cpu: cpuMs(pid) - cpu }));
    const cpu = used.map(({ name, cpu }) => `${name} ${((cpu / ms) * 100).toFixed(0)} %`);
    const rssEnd = rssBytes(gateway.pid);
    const expected = (poured * READERS) / row.jobs;
    const seen = await readers.report(expected, poured / row.jobs, WARM_UP_S * 1_000);
    const right = seen.delivered === expected && seen.faults === 0;
    if (!right) process.exitCode = 1;
    const perFrameUs = ((used[0]?.cpu ?? 0) / seen.delivered) * 1_000;
    const perReader = (rss: number): string => `${((rss - rssBefore) / READERS / 1024).toFixed(1)} KiB`;
    return {
      deltas: `${(poured / (ms / 1_000)).toFixed(0)} appended per s, ${(seen.delivered / (ms / 1_000)).toFixed(0)} frames per s`,
      lag: lagText(seen),
      frames: `${seen.delivered} of ${expected} delivered, ${seen.faults} faults of order: ${right ? 'all, once, in order' : 'WRONG'}`,
      CPU: `${cpu.join(', ')}; gateway ${perFrameUs.toFixed(0)} us per frame`,
      'RSS per reader': `${perReader(rssIdle)} connected, ${perReader(rssEnd)} at the end`,
    };
  } finally {
    readers.stop();
    await gateway.stop();
    await bus.close();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function runningJobs({ events }: Bus, count: number): Promise<readonly string[]> {
  const jobIds = await Promise.all(Array.from({ length: count }, () => submit(events)));
  for (const jobId of jobIds) await startAttempt(events, jobId);
  return jobIds;
}

function lagText({ lagMs }: ReadersReport): string {
  return [0.5, 0.9, 0.99, 1]
    .map((q) => `${q === 1 ? 'max' : `p${q * 100}`} ${percentile(lagMs, q).toFixed(1)} ms`)
    .join('   ');
}
