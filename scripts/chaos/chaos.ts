// One run: a fleet on a Redis of its own, jobs, mischief, readers; then the invariants.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseView } from '../../src/adapters/redis/view.js';
import { planActs, planOrders } from './acts.js';
import type { Wishes } from './arguments.js';
import { createCourse } from './course.js';
import { fatesOf } from './fates.js';
import { type Fleet, startFleet } from './fleet.js';
import { checkInvariants, readAll } from './invariants.js';
import { readEvidence } from './job-evidence.js';
import { createKeeper } from './keeper.js';
import { sampleLane } from './lane-samples.js';
import { makeMischief } from './mischief.js';
import { createRandom } from './random.js';
import { createReaders } from './readers.js';
import type { Report } from './report.js';
import { buildScenery, REPOSITORIES } from './scenery.js';
import { submitAll } from './submissions.js';

/** Time for a run that goes well, several times over. */
const deadlineMs = ({ jobs, kills }: Wishes): number => 90_000 + jobs * 3_000 + kills * 3_000;
const READERS_MS = 30_000;

/** Runs it in `folder`, which must be empty; `say` is told how far it has come. Nothing runs any more when it resolves. */
export async function runChaos(wishes: Wishes, folder: string, say: (line: string) => void): Promise<Report> {
  const began = Date.now();
  const random = createRandom(wishes.seed);
  const acts = planActs(wishes.kills, random);
  const orders = planOrders(wishes.jobs, REPOSITORIES, random);
  const scenery = buildScenery(folder);
  const fleet = await startFleet(scenery, wishes.workers);
  const over = new AbortController();
  // Each reader listens to it anew whenever it comes back.
  setMaxListeners(0, over.signal);
  const course = createCourse();
  try {
    say(
      `the fleet is ready (workers: ${wishes.workers}, hosts: ${fleet.hosts.length}); everything is below ${folder}`,
    );
    const samples = sampleLane(fleet.redis, fleet.keys, course, over.signal);
    const readers = createReaders(fleet.gateway.url, over.signal);
    const submissions = submitAll(
      {
        scenery,
        url: fleet.ingress.url,
        workers: wishes.workers,
        course,
        onAccepted: readers.follow,
        signal: over.signal,
      },
      orders,
    );
    const keeper = createKeeper(fleet, course);
    const mischief = makeMischief(fleet, acts, wishes.jobs, course, keeper, over.signal);

    const deadline = Date.now() + deadlineMs(wishes);
    const work = Promise.all([submissions.done, mischief.done]);
    let isDone = false;
    work.then(
      () => {
        isDone = true;
      },
      () => {},
    );
    let saidAt = Date.now();
    while (!(isDone && course.ended === wishes.jobs) && Date.now() < deadline) {
      await Promise.race([sleep(100), work.then(() => sleep(100))]);
      if (Date.now() - saidAt < 10_000) continue;
      saidAt = Date.now();
      const done = Object.values(mischief.tally).reduce((sum, one) => sum + one.done, 0);
      say(`${course.ended} of ${wishes.jobs} jobs ended, ${done} of ${wishes.kills} acts done`);
    }
    if (course.ended < wishes.jobs)
      await sayWhatIsStuck(
        fleet,
        course.accepted.map(({ jobId }) => jobId),
        say,
      );
    const readersUntil = Date.now() + READERS_MS;
    while ([...readers.readings.values()].some(({ end }) => end === undefined) && Date.now() < readersUntil)
      await sleep(100);
    const { evidence, trimmed } = await readAll({ course, fleet, keeper });
    const findings = { scenery, fleet, course, samples, keeper, trimmed };
    const { cancelled, repeated } = submissions.tally;
    const invariants = await checkInvariants(
      { ...findings, readings: readers.readings, cancelled },
      evidence,
    );
    over.abort();
    const violations = await fleet.close();
    const leaving = {
      name: 'every process leaves in peace',
      figure: `${wishes.workers + 2} asked`,
      violations,
    };
    const seconds = (Date.now() - began) / 1000;
    const figures = { 'requests sent again': repeated, ...fatesOf(evidence) };
    return { wishes, seconds, acts: mischief.tally, figures, invariants: [...invariants, leaving] };
  } finally {
    over.abort();
    await fleet.close();
  }
}

/** The ledgers of the jobs that have not ended. */
async function sayWhatIsStuck(
  { redis, keys }: Fleet,
  jobIds: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  for (const jobId of jobIds) {
    const { status } = parseView(await redis.get(keys.view(jobId)));
    if (status !== 'queued' && status !== 'running') continue;
    const { records } = await readEvidence(redis, keys, jobId);
    say(`stuck: job ${jobId} is ${status}: ${records.map(({ type }) => type).join(' ')}`);
  }
}
