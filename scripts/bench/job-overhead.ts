// What Agenticore itself adds to a job: wall time minus claude's and git's own, with a warm repository cache.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gitEnvironment } from '../quickstart/git-environment.js';
import { makeSampleRepository } from '../quickstart/sample-repository.js';
import { startServer } from '../quickstart/start-server.js';
import { percentile } from './percentile.js';
import type { Report } from './report.js';

const JOBS = 40;
const WARM_UP = 3;
const CALIBRATIONS = 30;

const METHOD = [
  `${JOBS} jobs one after the other over HTTP on the file bus, after ${WARM_UP} that warm the repository cache.`,
  'wall: from POST /jobs to the last frame of the feed. The remote is a bare repository on this disk.',
  'claude: lifetime of the claude process, by its own clock. It is a stand-in that writes a file and answers at once.',
  "git: sum of the lifetimes of all git processes of the job, by git's own trace (GIT_TRACE2_EVENT).",
  `instrument: what the shell script that switches the trace on adds to one git command, median of ${CALIBRATIONS}`,
  '  runs of `git --version` with and without it. It is there only to measure, so it is no overhead of a job.',
  'overhead = wall - claude - git - git processes x instrument: HTTP, ledger with fsync, queue, transcript, process starts, driver, feed.',
  'script: the same steps (fetch, worktree, claude, commit, push, remove) as a shell script, in turn with the jobs.',
];

interface Sample {
  readonly wall: number;
  readonly claude: number;
  readonly git: number;
  readonly gitProcesses: number;
  readonly script: number;
}

/** Runs the benchmark; takes about half a minute. */
export async function run(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'agenticore-bench-'));
  const bench = setUp(folder);
  const instrument = calibrate(bench);
  const door = fileURLToPath(new URL('../../src/main.js', import.meta.url));
  const server = await startServer(door, folder, {
    PATH: `${bench.bin}:${process.env.PATH ?? ''}`,
    ANTHROPIC_API_KEY: 'none-needed',
    AGENTICORE_CLAUDE_BINARY: bench.claude,
  });
  try {
    const samples: Sample[] = [];
    for (let n = 0; n < WARM_UP + JOBS; n += 1) {
      const sample = await measure(server.url, bench);
      if (n >= WARM_UP) samples.push(sample);
    }
    return report(samples, instrument);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

interface Bench {
  readonly folder: string;
  readonly remote: string;
  readonly bin: string;
  readonly realGit: string;
  readonly claude: string;
  readonly lifetimes: string;
  readonly traces: string;
  readonly clone: string;
}

function setUp(folder: string): Bench {
  const remote = makeSampleRepository(folder);
  const [bin, traces] = [join(folder, 'bin'), join(folder, 'traces')];
  const lifetimes = join(folder, 'lifetimes');
  mkdirSync(bin);
  mkdirSync(traces);
  writeFileSync(lifetimes, '');
  const realGit = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  const script = (name: string, text: string): string => {
    const path = join(bin, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  script('git', `GIT_TRACE2_EVENT=${traces} exec ${realGit} "$@"`);
  const program = fileURLToPath(new URL('./instant-claude.js', import.meta.url));
  const claude = script('claude', `exec ${process.execPath} ${program} ${lifetimes} "$@"`);
  const clone = join(folder, 'clone');
  execFileSync(realGit, ['clone', '--quiet', remote, clone], { env: gitEnvironment(folder) });
  return { folder, remote, bin, realGit, claude, lifetimes, traces, clone };
}

/** Milliseconds that the traced git takes longer than git itself. */
function calibrate({ bin, realGit }: Bench): number {
  const lifetime = (program: string): number => {
    const began = performance.now();
    execFileSync(program, ['--version']);
    return performance.now() - began;
  };
  const costs = Array.from({ length: CALIBRATIONS }, () => lifetime(join(bin, 'git')) - lifetime(realGit));
  return Math.max(0, percentile(costs, 0.5));
}

async function measure(url: string, bench: Bench): Promise<Sample> {
  for (const file of readdirSync(bench.traces)) rmSync(join(bench.traces, file));
  writeFileSync(bench.lifetimes, '');
  const began = performance.now();
  const body = JSON.stringify({ task: 'leave a file', repo_url: bench.remote });
  const response = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const { job } = (await response.json()) as { job: { id: string } };
  const feed = await (await fetch(`${url}/jobs/${job.id}/events`)).text();
  const wall = performance.now() - began;
  if (!feed.includes('event: JobSucceeded')) throw new Error(`the job did not succeed:\n${feed}`);
  const claude = sum(readFileSync(bench.lifetimes, 'utf8').split('\n').map(Number));
  const git = gitLifetimes(bench.traces);
  return { wall, claude, git: sum(git), gitProcesses: git.length, script: scriptMs(bench) };
}

/** Milliseconds that each git process lived, those that other git processes started left out. */
function gitLifetimes(traces: string): readonly number[] {
  const events = readdirSync(traces).flatMap((file) =>
    readFileSync(join(traces, file), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"atexit"'))
      .map((line): { sid: string; t_abs: number } => JSON.parse(line)),
  );
  return events.filter(({ sid }) => !sid.includes('/')).map(({ t_abs }) => t_abs * 1000);
}

function scriptMs({ folder, clone, claude }: Bench): number {
  const tree = join(folder, 'script-tree');
  const branch = `script-${performance.now()}`;
  const steps = [
    `git -C ${clone} fetch --quiet --prune origin`,
    `git -C ${clone} worktree add --quiet -b ${branch} ${tree} origin/main`,
    `cd ${tree} && echo '{}' | ${claude} -p >/dev/null && git add -A && git commit -qm work`,
    `git push --quiet origin HEAD && cd / && git -C ${clone} worktree remove --force ${tree}`,
  ];
  const began = performance.now();
  execFileSync('sh', ['-ec', steps.join(' && ')], { env: gitEnvironment(folder), stdio: 'pipe' });
  return performance.now() - began;
}

function report(samples: readonly Sample[], instrument: number): Report {
  const overhead = samples.map(
    ({ wall, claude, git, gitProcesses }) => wall - claude - git - gitProcesses * instrument,
  );
  const row = (values: readonly number[]): string =>
    `p50 ${percentile(values, 0.5).toFixed(1)} ms   p95 ${percentile(values, 0.95).toFixed(1)} ms`;
  const of = (key: keyof Sample): readonly number[] => samples.map((sample) => sample[key]);
  return {
    method: METHOD,
    figures: {
      wall: row(of('wall')),
      claude: row(of('claude')),
      git: row(of('git')),
      'git processes': percentile(of('gitProcesses'), 0.5),
      instrument: `${instrument.toFixed(2)} ms per git process`,
      overhead: row(overhead),
      'overhead p95, goal < 100 ms': `${percentile(overhead, 0.95) < 100 ? 'met' : 'missed'}`,
      script: row(of('script')),
      'wall / script': (percentile(of('wall'), 0.5) / percentile(of('script'), 0.5)).toFixed(2),
    },
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
