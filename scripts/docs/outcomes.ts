// schemas/outcomes.json and docs/retries.md, made from the one table of outcome classes.
import { ERRORS } from '../../src/domain/errors.js';
import { BACKOFF_GROWTH, OUTCOMES, type OutcomeRow } from '../../src/domain/outcomes.js';
import { table } from './table.js';

const classes: readonly (readonly [string, OutcomeRow])[] = Object.entries(OUTCOMES);

const codesOf = (outcome: string): readonly string[] =>
  Object.entries(ERRORS)
    .filter(([, row]) => row.outcome === outcome)
    .map(([code]) => code);

/** The table for other programs. Times are seconds; `times` multiplies the job's own backoff. */
export function outcomesJson(): string {
  const rows = classes.map(([name, row]) => {
    const codes = codesOf(name).map((code) => `AGENTICORE_${code}`);
    return [name, { meaning: row.meaning, ...consequence(row), codes }];
  });
  const json = JSON.stringify({ outcomes: Object.fromEntries(rows) }, undefined, 2);
  return `${json.replace(/^( *"codes": )\[([^\]]*)\]/gm, onOneLine)}\n`;
}

const WIDTH = 110;

/** As the formatter has it: a list that fits on a line is on one. */
function onOneLine(whole: string, head: string, items: string): string {
  const line = `${head}[${items.trim().replace(/\s+/g, ' ')}]`;
  return line.length > WIDTH ? whole : line;
}

function consequence(row: OutcomeRow): Record<string, unknown> {
  const { follows } = row;
  const consumesAttempt = row.follows !== 'park';
  switch (row.follows) {
    case 'retry': {
      const { times, capS, jitter } = row.backoff;
      const backoff = { times, growth: BACKOFF_GROWTH, cap_seconds: capS, jitter };
      const limit = row.limit === undefined ? {} : { limit: row.limit };
      return { follows, consumes_attempt: consumesAttempt, backoff, ...limit };
    }
    case 'park': {
      const { defaultS, leastS, mostS, jitter, jitterCapS } = row.parking;
      const parking = {
        default_seconds: defaultS,
        least_seconds: leastS,
        most_seconds: mostS,
        jitter,
        jitter_cap_seconds: jitterCapS,
      };
      return { follows, consumes_attempt: consumesAttempt, parking };
    }
    case 'fail':
      return { follows, consumes_attempt: consumesAttempt };
    default:
      return row satisfies never;
  }
}

/** docs/retries.md as a whole. */
export function retriesPage(): string {
  const rows = classes.map(([name, row]) => [
    `\`${name}\``,
    whatFollows(row),
    row.follows === 'park' ? 'no' : 'yes',
    row.meaning,
  ]);
  const head = ['class', 'what follows', 'counts as an attempt', 'meaning'];
  const codes = classes.map(([name]) => [
    `\`${name}\``,
    codesOf(name)
      .map((code) => `\`${code}\``)
      .join(', '),
  ]);
  return `${[HEAD, table(head, rows), TAIL, '## Codes', table(['class', 'codes'], codes)].join('\n\n')}\n`;
}

function whatFollows(row: OutcomeRow): string {
  switch (row.follows) {
    case 'retry':
      return `retry ${delay(row.backoff)}${row.limit === undefined ? '' : `; at most ${row.limit} of a job's attempts`}`;
    case 'park':
      return `parked until the stated time, else for ${minutes(row.parking.defaultS)}`;
    case 'fail':
      return 'the job fails at once';
    default:
      return row satisfies never;
  }
}

const delay = ({ times, capS, jitter }: { times: number; capS: number; jitter: number }): string =>
  times === 0
    ? 'at once'
    : `after ${times === 1 ? '' : `${times} x `}backoff x 2^(attempts used - 1), at most ${minutes(capS)}, plus up to ${jitter * 100} %`;

const minutes = (seconds: number): string => `${seconds / 60} min`;

const HEAD = `# Retries

<!-- Made by \`npm run docs\` from src/domain/outcomes.ts and src/domain/{refusals,failures}.ts; edit those instead. -->

What becomes of an attempt that went wrong depends on the class of its [code](errors.md) and on nothing else. For programs the
same table is [schemas/outcomes.json](../schemas/outcomes.json). \`backoff\` is \`retry.backoff_s\` of the job's profile, and
\`retry.max_attempts\` is how many attempts a job has at most, however they end.`;

const TAIL = `- The ledger counts attempts, not the deliveries of a queue entry. A job that is handed back (a deploy) or parked gets
  its attempt back.
- \`JobFailed\` carries \`exhausted: true\` when the class would have been retried but the attempts, or the class's own limit,
  were used up.
- A retry waits outside of the lane, in \`delayed\`, and any process puts it back when its time has come.
- An overloaded model is tried again by claude itself first, and claude honours the model's \`Retry-After\` while it does.
  When it gives up it passes no such hint on, so that none is used here. Only a usage limit states a time.

## A usage limit stops the fleet, not just one job

- The first attempt that meets the limit opens a breaker for its **credential** until the stated time. The breaker is kept
  under a short fingerprint of the credential, never the credential itself; workers with another one are not affected.
- A worker that claims a job while the breaker of its credential is open does not start claude: it writes \`JobParked\`. The
  job leaves the lane, so that it starts no pod, no attempt is counted, and its time in the queue stands still.
- Parked jobs come back a little scattered: up to a tenth of their wait later, and a minute at most.
- The first of them is let through to find out whether the limit is over; for the next 10 seconds the others are parked
  once more. As soon as claude has got one answer from the model the breaker is closed and everything runs, however long
  that answer took. When there is neither an answer nor a new limit within the 10 seconds, the next one may try beside it:
  one job every 10 seconds, however many wait.
- A parked job can be cancelled at any time.
- The breaker lives on Redis and survives the worker that opened it. On the file bus it lives as long as the server:
  the next one learns it again from its first attempt.`;
