// The invariants, each with its figure and what violates it.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  auditEnding,
  auditFailures,
  auditLedger,
  auditReading,
  auditRemote,
  auditResult,
  auditStale,
  auditTranscript,
} from './audit-job.js';
import { auditLateReaders, auditTrim } from './audit-trim.js';
import type { Course } from './course.js';
import { type Fleet, JOBS_PER_REPOSITORY } from './fleet.js';
import { type JobEvidence, readEvidence } from './job-evidence.js';
import type { Keeper } from './keeper.js';
import type { LaneSamples } from './lane-samples.js';
import { debris, survivors } from './leftovers.js';
import type { Reading } from './readers.js';
import { askRemote, type Scenery } from './scenery.js';

export interface Invariant {
  readonly name: string;
  /** What was looked at. */
  readonly figure: string;
  readonly violations: readonly string[];
}

export interface Findings {
  readonly scenery: Scenery;
  readonly fleet: Fleet;
  readonly course: Course;
  readonly readings: ReadonlyMap<string, Reading>;
  readonly cancelled: ReadonlySet<string>;
  readonly samples: LaneSamples;
  readonly keeper: Keeper;
  /** What the bus holds now of the jobs that were trimmed. */
  readonly trimmed: readonly JobEvidence[];
}

const SETTLE_MS = 20_000;

/** Everything that the bus holds of the accepted jobs; what a trim has forgotten, as it stood there before. */
export async function readAll({
  course,
  fleet: { redis, keys },
  keeper,
}: Pick<Findings, 'course' | 'fleet' | 'keeper'>): Promise<{
  readonly evidence: readonly JobEvidence[];
  readonly trimmed: readonly JobEvidence[];
}> {
  const evidence: JobEvidence[] = [];
  const trimmed: JobEvidence[] = [];
  for (const { jobId } of course.accepted) {
    const now = await readEvidence(redis, keys, jobId);
    const { feed, whole } = keeper.before.get(jobId) ?? now;
    if (now.mark !== undefined) trimmed.push(now);
    evidence.push({ ...now, feed, whole });
  }
  return { evidence, trimmed };
}

/** Looks at every job, and at what is left on the machine. Restarts the workers, as their hosts would some day. */
export async function checkInvariants(
  findings: Findings,
  evidence: readonly JobEvidence[],
): Promise<readonly Invariant[]> {
  const { course, fleet, scenery, samples } = findings;
  const left = await untilNone(() => survivors(scenery.folder, fleet));
  await Promise.all(fleet.workers.map((worker) => worker.restart()));
  const onDisk = await untilNone(() => debris(fleet.hosts));

  const known = await fleet.redis.zcard(fleet.keys.jobs);
  const each = (audit: (job: JobEvidence) => readonly string[]): readonly string[] =>
    evidence.flatMap((job) => audit(job).map((sentence) => `job ${job.jobId}: ${sentence}`));
  const count = (of: (job: JobEvidence) => number): number => evidence.reduce((sum, job) => sum + of(job), 0);
  const seen = (name: string): readonly string[] => course.violations.get(name) ?? [];
  const { accepted } = course;

  return [
    {
      name: 'no accepted job is lost, none is doubled',
      figure: `${accepted.length} accepted, ${known} on the bus`,
      violations: [
        ...each(({ records }) => (records.length === 0 ? ['the bus does not know it'] : [])),
        ...(known === accepted.length
          ? []
          : [`${known} jobs are on the bus, ${accepted.length} were accepted`]),
        ...seen('accepted-once'),
      ],
    },
    {
      name: 'each job has one terminal event, its last',
      figure: `${count(({ records }) => records.length)} events`,
      violations: each(auditEnding),
    },
    {
      name: 'cancelled jobs are cancelled, all others succeeded',
      figure: `${findings.cancelled.size} cancels confirmed`,
      violations: each((job) => auditResult(job, findings.cancelled.has(job.jobId))),
    },
    {
      name: 'no attempt failed by itself',
      figure: `${count(({ records }) => records.filter(({ type }) => type === 'AttemptFailed').length)} failed`,
      violations: each(auditFailures),
    },
    {
      name: 'every ledger is an unbroken chain',
      figure: `${evidence.length} ledgers`,
      violations: each(auditLedger),
    },
    {
      name: 'every transcript is an unbroken chain, as sealed',
      figure: `${count(({ feed }) => feed.filter(({ kind }) => kind === 'message').length)} messages`,
      violations: each(auditTranscript),
    },
    {
      name: 'nothing was written by a stale worker',
      figure: `${count(({ records }) => records.filter(({ type }) => type === 'AttemptStarted').length)} attempts`,
      violations: each(auditStale),
    },
    checkRemotes(findings, evidence),
    await checkTrims(findings),
    {
      name: 'what was derived agrees with the ledgers',
      figure: `${known} jobs`,
      violations: await findings.keeper.look(),
    },
    {
      name: 'each reader saw each frame once, in order, to the end',
      figure: `${count(({ feed }) => feed.length)} frames, ${returns(findings.readings)} returns`,
      violations: each((job) => auditReading(job, findings.readings.get(job.jobId))),
    },
    {
      name: 'XLEN of the lane = jobs waiting and running',
      figure: `${samples.taken()} samples, up to ${samples.highest()} entries; ${samples.missed()} while Redis was away`,
      violations: seen('lane'),
    },
    {
      name: `at most ${JOBS_PER_REPOSITORY} jobs of a repository in the lane, none held without need`,
      figure: `up to ${samples.mostHeld()} held`,
      violations: seen('limit'),
    },
    { name: 'no process survives its attempt', figure: `${left.length} left`, violations: left },
    { name: 'no worktree and no lock is left', figure: `${onDisk.length} left`, violations: onDisk },
    {
      name: 'no process ended by itself',
      figure: `${fleet.workers.length + 2} processes, started ${startsOf(fleet)} times`,
      violations: fleet.unasked,
    },
  ];
}

/** The gateway must be up. */
async function checkTrims({ trimmed, keeper, fleet, course }: Findings): Promise<Invariant> {
  const violations = [...(course.violations.get('trim') ?? [])];
  for (const now of trimmed) {
    const before = keeper.before.get(now.jobId);
    const wrong = [
      ...auditTrim(before, now),
      ...(before ? await auditLateReaders(fleet.gateway.url, before) : []),
    ];
    violations.push(...wrong.map((sentence) => `job ${now.jobId}: ${sentence}`));
  }
  return {
    name: 'trimmed jobs keep what happened, and readers are told of the gap',
    figure: `${trimmed.length} trimmed`,
    violations,
  };
}

function checkRemotes({ scenery, course }: Findings, evidence: readonly JobEvidence[]): Invariant {
  const violations: string[] = [];
  let branches = 0;
  const tips = scenery.remotes.map((remote) => {
    const lines = askRemote(remote, 'for-each-ref', '--format=%(refname:short) %(objectname)', 'refs/heads');
    return new Map(
      lines.split('\n').map((line): [string, string] => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']),
    );
  });
  for (const [n, { order, jobId }] of course.accepted.entries()) {
    if (order.repository === undefined) continue;
    const remote = scenery.remotes[order.repository] ?? '';
    const branch = `agenticore-${jobId}`;
    const tip = tips[order.repository]?.get(branch);
    const job = evidence[n];
    if (job === undefined) continue;
    if (tip !== undefined) branches += 1;
    const args = ['rev-list', '--left-right', '--count', `main...${branch}`];
    const [behind, ahead] =
      tip === undefined
        ? [0, 0]
        : askRemote(remote, ...args)
            .split('\t')
            .map(Number);
    const commits = behind === 0 ? Number(ahead) : Number.NaN;
    violations.push(...auditRemote(job, tip, commits).map((sentence) => `job ${jobId}: ${sentence}`));
  }
  return {
    name: "every remote tip is its ledger's, with one commit",
    figure: `${branches} branches`,
    violations,
  };
}

const returns = (readings: ReadonlyMap<string, Reading>): number =>
  [...readings.values()].reduce((sum, reading) => sum + reading.returns, 0);

const startsOf = ({ ingress, gateway, workers }: Fleet): number =>
  [ingress, gateway, ...workers].reduce((sum, { pids }) => sum + pids.size, 0);

/** What `look` finds, once that is nothing, or after a while. */
async function untilNone(look: () => readonly string[]): Promise<readonly string[]> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const found = look();
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(200);
  }
}
