// What every process can say of itself, under the names that dashboards know.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from '@opentelemetry/api';

interface ProcessRow {
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
}

export const PROCESS_METRICS = {
  process_cpu_seconds_total: { kind: 'counter', help: 'Processor time of this process, user and system.' },
  process_resident_memory_bytes: { kind: 'gauge', help: 'Memory that this process holds.' },
  process_start_time_seconds: { kind: 'gauge', help: 'When it started, in seconds since the epoch.' },
  nodejs_heap_used_bytes: { kind: 'gauge', help: 'Heap of JavaScript that is in use.' },
  nodejs_eventloop_lag_p99_seconds: {
    kind: 'gauge',
    help: 'How much later than planned timers ran, 99th percentile since the last look.',
  },
} as const satisfies Readonly<Record<string, ProcessRow>>;

const LOOK_EVERY_MS = 20;

/** Registers them; each is looked at when somebody asks. */
export function observeProcess(meter: Meter): void {
  const lag = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
  lag.enable();
  const readings: Readonly<Record<keyof typeof PROCESS_METRICS, () => number>> = {
    process_cpu_seconds_total() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
    process_resident_memory_bytes: () => process.memoryUsage.rss(),
    process_start_time_seconds: () => performance.timeOrigin / 1000,
    nodejs_heap_used_bytes: () => process.memoryUsage().heapUsed,
    nodejs_eventloop_lag_p99_seconds() {
      const beyond = lag.percentile(99) / 1e9 - LOOK_EVERY_MS / 1000;
      lag.reset();
      return Math.max(0, beyond);
    },
  };
  for (const [name, { kind, help: description }] of Object.entries<ProcessRow>(PROCESS_METRICS)) {
    const read = readings[name as keyof typeof readings];
    const instrument =
      kind === 'counter'
        ? meter.createObservableCounter(name, { description })
        : meter.createObservableGauge(name, { description });
    instrument.addCallback((result) => result.observe(read()));
  }
}
