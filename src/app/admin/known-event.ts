// Is an event that comes from outside one that a server could have written? A chain of hashes says that nobody changed
// a history after it was linked, not that it was true: half of a job would get in, and trip over every list it is in.
import { ERRORS } from '../../domain/errors.js';
import type { JobEvent } from '../../domain/job-event.js';
import { isRecord } from '../../domain/json-record.js';

type Test = (value: unknown) => boolean;

const text: Test = (value) => typeof value === 'string';
const flag: Test = (value) => typeof value === 'boolean';
const number: Test = (value) => typeof value === 'number' && Number.isFinite(value);
/** Epoch milliseconds that are a date. */
const time: Test = (value) => typeof value === 'number' && !Number.isNaN(new Date(value).getTime());
const oneOf =
  (...values: readonly unknown[]): Test =>
  (value) =>
    values.includes(value);
const every =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test);
const texts: Test = (value) => isRecord(value) && Object.values(value).every(text);

type Shape = Readonly<Record<string, Test>>;

/** True for an object that has all of `must`, and whatever it has of `may`, as they say; more than that does no harm. */
const object =
  (must: Shape, may: Shape = {}): Test =>
  (value) =>
    isRecord(value) &&
    Object.entries(must).every(([name, test]) => Object.hasOwn(value, name) && test(value[name])) &&
    Object.entries(may).every(([name, test]) => value[name] === undefined || test(value[name]));

const TURN = object(
  {
    agent: text,
    packageVersion: text,
    caller: text,
    visibility: object({ thinking: flag, tools: flag, narration: flag, final: flag }),
  },
  { conversation: text, uuid: text },
);

const ORDER = object(
  {
    task: text,
    profile: text,
    lane: text,
    mode: oneOf('fire_and_forget', 'sync'),
    queueTtlS: number,
    ttlS: number,
    maxAttempts: number,
    backoffS: number,
  },
  {
    ...{ repoUrl: text, baseRef: text, sessionId: text, model: text, filePath: text, retryOf: text },
    ...{
      timeoutS: number,
      maxBudgetUsd: number,
      maxTurns: number,
      feedTtlS: number,
      metadata: texts,
      traceparent: text,
    },
    delivers: object({ jobId: text, branch: text, commit: text }),
    callbackUrl: text,
    turn: TURN,
  },
);

const FINDING = object({ rule: text, what: text }, { path: text, line: number, commit: text });

const SEAL = object({ count: number, head: text });
const attempt = number;
const failure = {
  code: (value: unknown) => text(value) && Object.hasOwn(ERRORS, String(value)),
  error: text,
};

const RUN = object({
  command: text,
  exitCode: (value) => value === null || number(value),
  durationMs: number,
});
const commands: Shape = {
  passed: flag,
  commands: every(RUN),
  output: text,
};

const EVENTS: Readonly<Record<JobEvent['type'], Test>> = {
  JobSubmitted: object({ jobId: text, kind: oneOf('task', 'turn'), order: ORDER }),
  AttemptStarted: object({ attempt, worker: text, host: text }, { heldMs: number, direct: oneOf(true) }),
  WorkspaceOpened: object(
    { attempt, path: text, configDir: text },
    { kept: flag, branch: text, baseRef: text, baseOid: text },
  ),
  SetupFinished: object({ attempt, ...commands }),
  ClaudeStarted: object({ attempt, pid: number, sessionId: text }, { resumed: flag }),
  ClaudeFinished: object(
    { attempt, costUsd: number, numTurns: number, transcript: SEAL },
    {
      exitCode: (value) => value === null || number(value),
      usage: isRecord,
      answer: object({ bytes: number, sha256: text }),
    },
  ),
  VerificationFinished: object({ attempt, round: number, ...commands }),
  CommitReady: object({ attempt, oid: text }),
  PushBlocked: object({ attempt, findings: every(FINDING), total: number }),
  BranchPushed: object({ attempt, branch: text, oid: text }),
  PullRequestOpened: object({ attempt, url: text }, { shortfalls: every(text) }),
  PullRequestFailed: object({ attempt, error: text }),
  CancelRequested: object({ by: text }),
  AttemptFailed: object({ attempt, retryAt: time, ...failure }),
  AttemptLost: object({ attempt, worker: text, ...failure }),
  AttemptParked: object({ attempt, until: time, ...failure }),
  JobParked: object({ until: time, ...failure }, { heldMs: number }),
  AttemptHandedBack: object({ attempt, worker: text }),
  JobSucceeded: object({ attempt }, { transcript: SEAL }),
  JobFailed: object({ attempt, ...failure }, { transcript: SEAL, exhausted: oneOf(true) }),
  JobCancelled: object({}, { transcript: SEAL }),
  JobExpired: object({}),
  DeadLetterClosed: object({ by: text, fate: oneOf('requeued', 'dropped') }, { retriedAs: text }),
  CallbackDelivered: object({ httpStatus: number }),
  CallbackFailed: object({ error: text }, { retryAt: time }),
  CallbackAsked: object({ by: text }),
};

/** True when the event has everything that a job is folded from, each of its kind. */
export function isKnownEvent(event: JobEvent): boolean {
  return time(event.at) && Object.hasOwn(EVENTS, event.type) && EVENTS[event.type](event);
}
