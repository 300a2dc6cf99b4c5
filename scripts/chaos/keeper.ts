// The operator who trims, `agenticore admin trim`, while everything else happens: now and then killed half-way. Keeps what
// the bus held of the jobs before: what a trim forgets cannot be looked at afterwards.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseView } from '../../src/adapters/redis/view.js';
import { type Course, note } from './course.js';
import type { Fleet } from './fleet.js';
import { type JobEvidence, readEvidence } from './job-evidence.js';

/** Jobs that ended longer ago are trimmed. */
const AGE_S = 5;

/** What an operator may be told instead of success while Redis comes and goes. */
const BUS_AWAY = /cannot be reached/;

export interface Keeper {
  /** All that the bus held of jobs that have been trimmed or may have been. */
  readonly before: ReadonlyMap<string, JobEvidence>;
  /** Trims, one operator at a time; killed after `forMs` unless it is done. Resolves with how many jobs it says it trimmed. */
  trim(forMs: number | undefined): Promise<number>;
  /** What does not agree with the ledgers, `agenticore admin rebuild --dry-run`, in sentences. */
  look(): Promise<readonly string[]>;
}

/** Looks after the bus of the fleet. */
export function createKeeper({ redis, keys, keeper }: Fleet, course: Course): Keeper {
  const before = new Map<string, JobEvidence>();
  let last: Promise<unknown> = Promise.resolve();

  async function keepEnded(): Promise<void> {
    const unknown = course.accepted.map(({ jobId }) => jobId).filter((jobId) => !before.has(jobId));
    if (unknown.length === 0) return;
    const views = await redis.mget(...unknown.map((jobId) => keys.view(jobId)));
    for (const [nth, jobId] of unknown.entries()) {
      const { status } = parseView(views[nth]);
      if (status !== undefined && status !== 'queued' && status !== 'running')
        before.set(jobId, await readEvidence(redis, keys, jobId));
    }
  }

  async function trim(forMs: number | undefined): Promise<number> {
    const began = performance.now();
    try {
      await keepEnded();
    } catch {
      return 0; // Redis is away
    }
    // Nobody may trim what ended after `keepEnded` began: whoever is not done an age later is killed as well.
    const leftMs = AGE_S * 1000 - (performance.now() - began);
    if (leftMs <= 0) return 0;
    const order = ['trim', '--ended-before', `${AGE_S}s`, '--json'];
    const { code, said, complained } = await askKeeper(keeper, order, Math.min(forMs ?? leftMs, leftMs));
    if (code === 0) return JSON.parse(said).trimmed.length;
    if (code !== null && !BUS_AWAY.test(complained)) note(course, 'trim', `exit code ${code}: ${complained}`);
    return 0;
  }

  return {
    before,
    look: () =>
      askKeeper(keeper, ['rebuild', '--dry-run', '--json']).then(({ code, said, complained }) => {
        if (code === 0) return [];
        return [`exit code ${code}: ${complained}${said}`];
      }),
    trim(forMs) {
      const mine = last.then(() => trim(forMs));
      last = mine.catch(() => {});
      return mine;
    },
  };
}

interface Answer {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly said: string;
  readonly complained: string;
}

/** Runs `agenticore admin ...`; killed after `killAfterMs`. */
async function askKeeper(
  { door, env }: Fleet['keeper'],
  args: readonly string[],
  killAfterMs?: number,
): Promise<Answer> {
  const operator = spawn(process.execPath, [door, 'admin', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timer =
    killAfterMs === undefined ? undefined : setTimeout(() => operator.kill('SIGKILL'), killAfterMs);
  let [said, complained] = ['', ''];
  operator.stdout.on('data', (data) => {
    said += data;
  });
  operator.stderr.on('data', (data) => {
    complained += data;
  });
  const [code] = await once(operator, 'close');
  clearTimeout(timer);
  return { code, said, complained };
}
