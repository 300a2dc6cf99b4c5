// `agenticore drain`: a server, or a worker of its fleet, takes no new work; waits until nothing runs there.
import { setTimeout as sleep } from 'node:timers/promises';
import { AgenticoreError, isCode } from '../../../domain/errors.js';
import type { AddressFlags, CliContext } from '../cli-context.js';
import { INTERRUPTED } from '../follow/follow-job.js';
import { createHttpClient, type HttpClient, wasNotSent } from '../server/http-client.js';
import { type JsonObject, objectsAt, textAt, textsAt } from '../server/json-fields.js';
import { oneLine } from '../terminal/printable.js';

interface DrainFlags extends AddressFlags {
  /** Seconds. */
  readonly timeout: number;
  readonly worker?: string | undefined;
}

/** Who is drained, how that is begun, and how far it is. */
interface Drained {
  readonly name: string;
  begin(): Promise<unknown>;
  /** Jobs that still run; undefined when it has not heard yet. Empty: it is idle, or gone. */
  running(): Promise<readonly string[] | undefined>;
}

const LOOK_MS = 250;
/** A look must not outlast the patience by much. */
const ANSWER_MS = 5_000;
const NAMED_JOBS = 5;

/** Exit code 0 when nothing runs any more, 1 when something still does after the timeout, 130 when the person left. */
export async function drain(cli: CliContext, flags: DrainFlags): Promise<number> {
  if (flags.timeout < 0) throw new AgenticoreError('INVALID_REQUEST', '--timeout must not be negative.');
  const http = createHttpClient(await cli.address(flags));
  const drained = flags.worker === undefined ? thisServer(http) : await workerOf(http, flags.worker);
  await drained.begin();
  const name = oneLine(drained.name);
  const leaving = new AbortController();
  const forget = cli.onInterrupt(() => leaving.abort());
  const running = await whatStillRuns(drained, flags.timeout * 1000, leaving.signal).finally(forget);
  if (running?.length === 0) {
    cli.terminal.print(`${name} is drained: it runs nothing and takes no new work.`);
    return 0;
  }
  const goesOn = 'It takes no new work until it is started again.';
  if (leaving.signal.aborted) {
    cli.terminal.say(`${name} goes on draining. ${goesOn}`);
    return INTERRUPTED;
  }
  cli.terminal.say(
    `agenticore: ${name} is not idle after ${flags.timeout} s: ${stillRuns(running)}. ${goesOn}`,
  );
  return 1;
}

/** Looks until nothing runs, the patience ends or the signal aborts; gives what the last look has shown. */
async function whatStillRuns(
  drained: Drained,
  patienceMs: number,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const deadline = performance.now() + patienceMs;
  let running: readonly string[] | undefined;
  for (;;) {
    running = (await look(drained)) ?? running;
    const left = deadline - performance.now();
    if (running?.length === 0 || left <= 0 || signal.aborted) return running;
    await sleep(Math.min(LOOK_MS, left), undefined, { signal }).catch(() => {});
  }
}

/** What cannot be seen for a moment is looked at again. */
async function look(drained: Drained): Promise<readonly string[] | undefined> {
  try {
    return await drained.running();
  } catch (error) {
    if (isCode(error, 'SERVER_UNREACHABLE') || isCode(error, 'BUS_UNREACHABLE')) return undefined;
    throw error;
  }
}

function thisServer(http: HttpClient): Drained {
  return {
    name: `The server at ${http.url}`,
    begin: () => http.json('/drain', { method: 'POST' }),
    async running() {
      try {
        const state = await http.json('/drain', { timeoutMs: ANSWER_MS });
        if (state.idle === true) return [];
        const running = textsAt(state, 'running');
        return running.length === 0 ? undefined : running;
      } catch (error) {
        if (wasNotSent(error)) return []; // it was there and has left
        throw error;
      }
    },
  };
}

/** The worker of this name, or the only one whose name or host begins so. Throws WORKER_NOT_FOUND. */
async function workerOf(http: HttpClient, wanted: string): Promise<Drained> {
  const list = async (): Promise<readonly JsonObject[]> =>
    objectsAt(await http.json('/workers', { timeoutMs: ANSWER_MS }), 'workers');
  const all = await list();
  const names = all.map((worker) => textAt(worker, 'name') ?? '');
  const alike = names.filter((name, at) => name.startsWith(wanted) || textAt(all[at], 'host') === wanted);
  const name = names.find((candidate) => candidate === wanted) ?? alike[0];
  if (name === undefined || (name !== wanted && alike.length > 1)) {
    const message =
      alike.length > 1
        ? `Several workers may be meant by "${wanted}": ${alike.join(', ')}.`
        : `No living worker has the name or host "${wanted}"; those that live: ${names.join(', ') || 'none'}.`;
    throw new AgenticoreError('WORKER_NOT_FOUND', message, { cause: wanted });
  }
  return {
    name: `Worker ${name}`,
    begin: () => http.json(`/workers/${encodeURIComponent(name)}/drain`, { method: 'POST' }),
    async running() {
      const worker = (await list()).find((candidate) => textAt(candidate, 'name') === name);
      if (worker === undefined) return []; // it has left
      const running = textsAt(worker, 'running');
      return running.length === 0 && worker.draining !== true ? undefined : running;
    },
  };
}

function stillRuns(running: readonly string[] | undefined): string {
  if (running === undefined) return 'it has not said what it runs';
  const more = running.length > NAMED_JOBS ? ` and ${running.length - NAMED_JOBS} more` : '';
  const named = running.slice(0, NAMED_JOBS).map(oneLine).join(', ');
  return `job${running.length === 1 ? '' : 's'} ${named}${more} still run${running.length === 1 ? 's' : ''}`;
}
