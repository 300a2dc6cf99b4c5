// Thousands of requests that nobody means, and what has to hold all along and afterwards.
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { packageVersion } from '../../src/roles/package-version.js';
import { readSchema } from '../../src/runtime/schema.js';
import { describeApi } from '../../src/surfaces/openapi/describe-api.js';
import type { FuzzRequest } from './fuzz-request.js';
import { createJudge, type Judge, type SeenAnswer } from './judge-answer.js';
import { anyRequest } from './requests/any-request.js';
import { type Outcome, send } from './send.js';
import { ALL_KINDS, type Kind, startTarget, type Target } from './target.js';
import type { Vitals } from './vitals.js';

export interface Wishes {
  readonly requests: number;
  /** The same seed, the same requests. */
  readonly seed: number;
  /** Left out: all kinds of server. */
  readonly kinds?: readonly Kind[];
}

export interface Report {
  readonly requests: number;
  readonly seed: number;
  readonly seconds: number;
  /** How often there was which status, or none. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly servers: Readonly<Record<string, { readonly before: Vitals; readonly after: Vitals }>>;
  /** What did not hold, each with how to see it again. */
  readonly violations: readonly string[];
}

/** Clients at a time of each server. */
const LANES = 4;
/** So many requests of a hundred warm a server up, before its memory is looked at. */
const WARM_UP = 0.2;
const MAX_RSS_GROWTH = 256 * 1024 * 1024;
const MAX_HEAP_GROWTH = 64 * 1024 * 1024;
/** What a server that has nothing to do may hold more than before: processes of claude that are kept. */
const MAX_DESCRIPTORS = 40;
const SETTLE_MS = 3_000;

export async function fuzz(wishes: Wishes, folder: string): Promise<Report> {
  const startedAt = Date.now();
  const kinds = wishes.kinds ?? ALL_KINDS;
  const description = describeApi(packageVersion, readSchema);
  const judge = createJudge(description);
  const outcomes: Record<string, number> = {};
  const servers: Record<string, { before: Vitals; after: Vitals }> = {};
  const violations: string[] = [];

  for (const [index, kind] of kinds.entries()) {
    const target = await startTarget(kind, folder);
    try {
      const note = (outcome: string): void => {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      };
      const requests = anyRequest(description, target);
      const share = Math.ceil(wishes.requests / kinds.length);
      const pour = async (count: number, seed: number): Promise<void> => {
        const lanes = Array.from({ length: LANES }, (_, lane) =>
          runLane({ target, requests, judge, note }, Math.ceil(count / LANES), seed + lane),
        );
        for (const violation of await Promise.all(lanes)) if (violation) violations.push(violation);
      };
      const seed = wishes.seed + index * 1000;
      await pour(share * WARM_UP, seed);
      const before = await target.vitals();
      await pour(share * (1 - WARM_UP), seed + LANES);
      const refusal = await target.work();
      if (refusal !== undefined) violations.push(`${kind}: it no longer works: ${refusal}`);
      await sleep(SETTLE_MS);
      const after = await target.vitals();
      servers[kind] = { before, after };
      violations.push(
        ...growth(kind, before, after),
        ...target.bugs().map((bug) => `${kind}: ${bug.slice(0, 2000)}`),
      );
    } catch (error) {
      violations.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await target.stop();
    }
  }
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  return { requests: wishes.requests, seed: wishes.seed, seconds, outcomes, servers, violations };
}

interface Lane {
  readonly target: Target;
  readonly requests: fc.Arbitrary<FuzzRequest>;
  readonly judge: Judge;
  readonly note: (outcome: string) => void;
}

/** One client after the other. What is wrong, with the smallest request that shows it. */
async function runLane(lane: Lane, numRuns: number, seed: number): Promise<string | undefined> {
  const { target, requests, judge, note } = lane;
  const holds = fc.asyncProperty(requests, async (request) => {
    const sent = known(request, target);
    const outcome = await send(target.port, sent);
    note(typeof outcome === 'string' ? outcome : String(outcome.status));
    const faults = faultsOf(sent, outcome, judge);
    if (faults.length > 0) throw new Error(faults.join('; '));
  });
  const { failed, counterexample, errorInstance } = await fc.check(holds, {
    numRuns,
    seed,
    endOnFailure: false,
  });
  if (!failed) return undefined;
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return `${target.name}, seed ${seed}: ${why.slice(0, 1000)}\n  ${JSON.stringify(counterexample).slice(0, 3000)}`;
}

/** Nobody stops the server that is being looked at. */
const STOPS = /^\/drain/i;

function known(request: FuzzRequest, { known: ids, visit }: Target): FuzzRequest {
  const target = request.target.replace(/KNOWN(\d)/g, (_, n) => ids[Number(n)] ?? '');
  const headers = request.headers.map(([name, value]) => [name, value === 'VISIT' ? visit : value] as const);
  const method = STOPS.test(target) && request.method === 'POST' ? 'GET' : request.method;
  return { ...request, target, headers, method };
}

function faultsOf(request: FuzzRequest, outcome: Outcome, judge: Judge): readonly string[] {
  if (outcome === 'silent') return ['the server does not answer'];
  if (outcome === 'closed' && !mayBeHungUpOn(request)) return ['the server hangs up without an answer'];
  if (typeof outcome === 'string') return [];
  const { method, path, status, body = '' } = outcome;
  const told = `${status} to ${method} ${path.slice(0, 200)}: ${body.slice(0, 500)}`;
  return [...(isExcused(outcome) ? [] : [told]), ...judge(outcome)];
}

/** Who asks for a tunnel, and whose body does not begin or end where the headers say. */
const mayBeHungUpOn = ({ method, headers }: FuzzRequest): boolean =>
  method === 'CONNECT' || headers.some(([name]) => ['Content-Length', 'Transfer-Encoding'].includes(name));

/** Come back later; node's own words for what it does not speak; a turn that was given less time than it took. */
function isExcused({ status, headers, body = '' }: SeenAnswer): boolean {
  if (status < 500 || status === 501 || status === 505) return true;
  if (status === 503) return headers['retry-after'] !== undefined;
  return status === 504 && body.includes('passed its deadline');
}

function growth(kind: string, before: Vitals, after: Vitals): readonly string[] {
  const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  const grew = (name: string, from: number, to: number, most: number, say: (value: number) => string) =>
    to - from > most ? [`${kind}: ${name} grew from ${say(from)} to ${say(to)}`] : [];
  return [
    ...grew('resident memory', before.rssBytes, after.rssBytes, MAX_RSS_GROWTH, mib),
    ...grew('the heap', before.heapBytes, after.heapBytes, MAX_HEAP_GROWTH, mib),
    ...grew('open descriptors', before.descriptors, after.descriptors, MAX_DESCRIPTORS, String),
  ];
}
