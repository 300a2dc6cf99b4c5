// The table of everything that is measured: what kind it is, by what it is told apart, what it says. docs/metrics.md is
// made from it. Labels have few values each, and never name a job, a caller or a conversation.

export interface MetricRow {
  readonly kind: 'counter' | 'histogram' | 'level' | 'gauge';
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram's buckets. */
  readonly bounds?: readonly number[];
}

const counter = (labels: readonly string[], help: string) => ({ kind: 'counter', labels, help }) as const;
const gauge = (labels: readonly string[], help: string) => ({ kind: 'gauge', labels, help }) as const;
const histogram = (labels: readonly string[], bounds: readonly number[], help: string) =>
  ({ kind: 'histogram', labels, bounds, help }) as const;

const LONG_S = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 10_800];
const SHORT_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const TINY_S = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25];

export const METRICS = {
  jobs_total: counter(
    ['kind', 'profile', 'status', 'code'],
    'Jobs that ended; code is empty for those that succeeded.',
  ),
  job_duration_seconds: histogram(
    ['kind', 'profile', 'status'],
    LONG_S,
    'From the submission of a job to its end.',
  ),
  queue_wait_seconds: histogram(
    ['kind'],
    [...SHORT_S, 60, 300, 1800, 7200],
    'What a job waited before its first attempt.',
  ),
  attempts_total: counter(
    ['kind', 'outcome'],
    'Attempts that ended: succeeded, failed, retried (failed, to be tried again), lost, parked, handed_back, cancelled.',
  ),
  claims_stolen_total: counter(['lane'], 'Claims taken over from workers whose lease had lapsed.'),
  tokens_total: counter(['model', 'type'], 'Tokens as Claude reports them; model is the one asked for.'),
  cost_usd_total: counter(['model'], 'What Claude says that it cost, in US dollars.'),
  callbacks_total: counter(['outcome'], 'Requests to the callback_url of jobs: delivered, failed.'),
  turn_ttft_seconds: histogram([], SHORT_S, 'From the request of a turn to the first piece of its answer.'),
  stream_lag_seconds: histogram([], TINY_S, "From a line of claude to the reader's socket, in this process."),
  sse_clients: { kind: 'level', labels: [], help: 'Event streams that are open.' },
  bus_up: gauge([], '1 when the bus answers; when it does not, what it would tell is left out.'),
  lane_entries: gauge(['lane', 'state'], 'Jobs in the lane of this process, waiting and running.'),
  delayed: gauge([], 'Jobs that wait for their time.'),
  dead: gauge([], 'Jobs that used up their attempts, for somebody to see to.'),
  callbacks_due: gauge([], 'Jobs whose end is still to be told.'),
  spools: gauge([], 'Attempts whose messages wait on the disk of this host for the bus.'),
  warm_processes: gauge(['state'], "Processes of claude that the agent's pool holds: warm, kept, busy."),
  claude_resident_bytes: gauge([], 'Memory of the processes that this one has started, claude among them.'),
} as const satisfies Readonly<Record<string, MetricRow>>;

type Table = typeof METRICS;
type NamesOf<K extends MetricRow['kind']> = {
  [N in keyof Table]: Table[N]['kind'] extends K ? N : never;
}[keyof Table];

export type CounterName = NamesOf<'counter' | 'level'>;
export type HistogramName = NamesOf<'histogram'>;
export type GaugeName = NamesOf<'gauge'>;
export type Labels<N extends keyof Table> = Readonly<Record<Table[N]['labels'][number], string>>;
