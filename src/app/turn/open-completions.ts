// Single completions: turns under names that their callers give. A name and its caller make the id of the job, so that
// the ledger itself knows which names are taken.
import type { Caller } from '../../domain/chat.js';
import { AgenticoreError, isCode } from '../../domain/errors.js';
import type { Hash } from '../../domain/evidence.js';
import { waitForEnd } from '../inspect-jobs.js';
import { admitTurn, nothingAsked, queueTurn } from './admit-turn.js';
import type { Completion, CompletionRequest, Completions } from './completions.js';
import { completionOf, completionStatus, readCompletion } from './read-completion.js';
import type { TurnName } from './submit-turn.js';
import type { TurnDeps } from './turn-deps.js';
import type { WaitingRoom } from './waiting-room.js';

/** How many jobs are looked through for a list. */
const MOST_LOOKED_AT = 2_000;
const PAGE = 200;

/** The completions of this process. */
export function openCompletions(deps: TurnDeps, room: WaitingRoom): Completions {
  const nameOf = ({ uuid, turn, meta, callbackUrl }: CompletionRequest): TurnName => ({
    jobId: jobIdOf(deps.hash, deps.packages.current().name, turn.caller, uuid),
    uuid,
    ...(meta === undefined ? {} : { meta: JSON.stringify(meta) }),
    ...(callbackUrl === undefined ? {} : { callbackUrl }),
  });

  async function begin(request: CompletionRequest, wait: boolean): Promise<void> {
    if (request.callbackUrl !== undefined) deps.courier.check(request.callbackUrl);
    if (!wait) return queueTurn(deps, room, request.turn, nameOf(request));
    const opened = await admitTurn(deps, room, request.turn, nameOf(request), new AbortController().signal);
    if (opened.kind !== 'accepted') throw nothingAsked(); // it comes without a key: nothing is known
    // Whoever stops waiting finds it later: it goes on without them. How it ended is in the ledger.
    const nobody = new AbortController().signal;
    opened.turn.run(() => {}, nobody).catch(() => {});
  }

  return {
    async complete(request, wait, signal) {
      const { jobId } = nameOf(request);
      if ((await deps.events.load(jobId)) === undefined)
        await begin(request, wait).catch((error: unknown) => {
          if (!isCode(error, 'IDEMPOTENCY_MISMATCH')) throw error; // the same name a moment ago
        });
      if (wait) await waitForEnd(deps, jobId, signal);
      const completion = await readCompletion(deps, jobId);
      if (completion === undefined) throw new AgenticoreError('JOB_NOT_FOUND');
      return completion;
    },
    find: (uuid, caller) =>
      readCompletion(deps, jobIdOf(deps.hash, deps.packages.current().name, caller, uuid)),
    list: (query) => list(deps, query),
  };
}

/** A UUID made of what names the completion. */
function jobIdOf(hash: Hash, agent: string, { name, user }: Caller, uuid: string): string {
  const hex = hash(JSON.stringify(['completion', agent, name, user ?? null, uuid]));
  const part = (from: number, length: number): string => hex.slice(from, from + length);
  // Of version 8: made by a rule of one's own.
  return `${part(0, 8)}-${part(8, 4)}-8${part(13, 3)}-8${part(17, 3)}-${part(20, 12)}`;
}

async function list(
  deps: TurnDeps,
  { caller, status, limit }: Parameters<Completions['list']>[0],
): Promise<readonly Completion[]> {
  const found: Completion[] = [];
  let before: string | undefined;
  for (let looked = 0; looked < MOST_LOOKED_AT && found.length < limit; looked += PAGE) {
    const page = await deps.events.list({ limit: PAGE, ...(before === undefined ? {} : { before }) });
    for (const job of page.jobs) {
      const { turn } = job.order;
      if (turn?.uuid === undefined || turn.caller !== caller.name) continue;
      if (status !== undefined && completionStatus(job) !== status) continue;
      if (found.length < limit) found.push(await completionOf(deps, job));
    }
    before = page.next;
    if (before === undefined) break;
  }
  return found;
}
