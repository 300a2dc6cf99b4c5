// How long a job waits for a place to work in, on a repository of a grown product, beside what one would do with git.
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkspaces } from '../../src/adapters/git/create-workspaces.js';
import type { Workspace } from '../../src/ports/workspace.js';
import { percentile } from './percentile.js';
import type { Report } from './report.js';
import { COMMITS, FILES, type LargeRepository, makeLargeRepository } from './workspace/large-repository.js';
import { type Contender, preparePeers } from './workspace/peers.js';

const COLD = 3;
const WARM = 6;
const CROWD = 20;
const CROWDS = 2;
const NEVER = new AbortController().signal;

const METHOD = [
  `A generated repository of ${FILES} files and ${COMMITS} commits, a bare one on this disk reached over file://. Before each round it`,
  '  gets one more commit, which every contender has to have: all of them ask the remote. Contenders take turns at going first.',
  `cold: nothing is there yet; median of ${COLD}. warm: one job at a time, median of ${WARM}. crowd: ${CROWD} jobs of one repository at once,`,
  `  until the last has its place; median of ${CROWDS}. Removing the places is not counted.`,
  'agenticore: the workspace port as a worker uses it, to the worktree that claude is started in: lock, fetch, checkout, records.',
  'git clone: for each job (no crowd of them: it would be minutes of writing). git clone --reference: for each job, with a kept',
  '  clone to take objects from.',
  'git fetch, git worktree add: into a kept clone, a crowd sharing one fetch; without locks, records or a double door: the floor.',
];

/** Runs the benchmark; takes some minutes. */
export async function run(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'agenticore-bench-'));
  try {
    const repository = makeLargeRepository(folder);
    const load = loadavg()[0]?.toFixed(1);
    const { clone, reference, byHand } = await preparePeers(folder, repository);
    const ours = agenticore(folder, repository);
    const cold = await rounds(COLD, 1, repository, [ours, clone], () => ours.forget());
    const warm = await rounds(WARM, 1, repository, [ours, byHand, reference, clone]);
    const crowd = await rounds(CROWDS, CROWD, repository, [ours, byHand, reference]);
    return {
      method: [...METHOD, `Load of this machine at the start: ${load}.`],
      figures: { ...rows('cold', cold), ...rows('warm', warm), ...rows(`crowd of ${CROWD}`, crowd) },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function agenticore(folder: string, { url }: LargeRepository): Contender & { forget(): Promise<void> } {
  const reposRoot = join(folder, 'repos');
  const workspaces = createWorkspaces({
    reposRoot,
    worktreeRoot: join(reposRoot, 'worktrees'),
    allowedProtocols: ['file'],
    env: { PATH: process.env.PATH ?? '' },
  });
  const open = new Set<Workspace>();
  return {
    name: 'agenticore',
    async open(jobId) {
      const order = { jobId, repoUrl: url, branch: `agenticore-${jobId}`, attempt: 1 };
      open.add(await workspaces.open(order, NEVER));
    },
    async clear() {
      await Promise.all([...open].map((workspace) => workspace.close()));
      open.clear();
    },
    forget: () => rm(reposRoot, { recursive: true, force: true }),
  };
}

type Times = ReadonlyMap<Contender, number[]>;

/** Milliseconds until `jobs` jobs at once had their places, for each round and contender. */
async function rounds(
  count: number,
  jobs: number,
  repository: LargeRepository,
  contenders: readonly Contender[],
  before: () => Promise<void> = async () => {},
): Promise<Times> {
  const times = new Map(contenders.map((contender): [Contender, number[]] => [contender, []]));
  for (let round = 0; round < count; round += 1) {
    repository.commit();
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(round + turn) % contenders.length];
      if (contender === undefined) continue;
      await before();
      const began = performance.now();
      await Promise.all(Array.from({ length: jobs }, (_, n) => contender.open(`job${n}`)));
      times.get(contender)?.push(performance.now() - began);
      await contender.clear();
    }
  }
  return times;
}

function rows(what: string, times: Times): Record<string, string> {
  const medians = [...times].map(([{ name }, values]) => ({ name, ms: percentile(values, 0.5) }));
  const ours = medians[0]?.ms ?? Number.NaN;
  return Object.fromEntries(
    medians.map(({ name, ms }) => [
      `${what}, ${name}`,
      `${ms.toFixed(0)} ms${ms === ours ? '' : `   agenticore takes ${(ours / ms).toFixed(2)} of that`}`,
    ]),
  );
}
