// Counts with OpenTelemetry, and writes the page for Prometheus. Another reader can be put beside the page.
import type { Attributes, Histogram, UpDownCounter } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { METRICS, type MetricRow } from '../../domain/metrics.js';
import type { Meter, Reading } from '../../ports/meter.js';
import { observeProcess } from './process-metrics.js';

export interface Telemetry extends Pick<Meter, 'add' | 'record'> {
  /** `read`: how things stand that nobody counts, asked whenever somebody looks; it must answer soon. */
  observe(read: () => Promise<readonly Reading[]>): void;
  /** All that was counted, and how things stand now, in the text format of Prometheus. */
  page(): Promise<string>;
}

export const METRIC_PREFIX = 'agenticore_';

const rows = Object.entries<MetricRow>(METRICS);

/** Nothing is counted yet. */
export function openTelemetry(): Telemetry {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meter = new MeterProvider({ readers: [exporter] }).getMeter('agenticore');
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const counters = new Map<string, Pick<UpDownCounter, 'add'>>();
  const histograms = new Map<string, Histogram>();
  const gauges = new Map<string, ReturnType<typeof meter.createObservableGauge>>();
  for (const [name, { kind, help: description, bounds = [] }] of rows) {
    const full = METRIC_PREFIX + name;
    const advice = { explicitBucketBoundaries: [...bounds] };
    if (kind === 'counter') counters.set(name, meter.createCounter(full, { description }));
    if (kind === 'level') counters.set(name, meter.createUpDownCounter(full, { description }));
    if (kind === 'histogram') histograms.set(name, meter.createHistogram(full, { description, advice }));
    if (kind === 'gauge') gauges.set(name, meter.createObservableGauge(full, { description }));
  }
  observeProcess(meter);
  const observed = new Set([...gauges.keys()].map((name) => METRIC_PREFIX + name));
  /** What is known at this look: the SDK would go on telling what it was told once. */
  const standing = new Set<string>();

  return {
    add: (name, labels, by = 1) => counters.get(name)?.add(by, labels),
    record: (name, labels, value) => histograms.get(name)?.record(value, labels),
    observe(read) {
      meter.addBatchObservableCallback(
        async (result) => {
          const readings = await read();
          standing.clear();
          for (const { name, labels, value } of readings) {
            const gauge = gauges.get(name);
            if (gauge === undefined) continue;
            result.observe(gauge, value, labels);
            standing.add(placeOf(METRIC_PREFIX + name, labels));
          }
        },
        [...gauges.values()],
      );
    },
    async page() {
      const { resourceMetrics, errors } = await exporter.collect();
      if (errors.length > 0) throw errors[0];
      const isKnown = (
        { descriptor: { name } }: MetricData,
        { attributes }: { attributes: Attributes },
      ): boolean => !observed.has(name) || standing.has(placeOf(name, attributes));
      return serializer.serialize(withPoints(resourceMetrics, isKnown));
    },
  };
}

const placeOf = (name: string, labels: Attributes): string =>
  JSON.stringify([name, Object.entries(labels).sort()]);

/** Only the points that pass, and only the metrics that have any. */
function withPoints(
  all: ResourceMetrics,
  passes: (metric: MetricData, point: { attributes: Attributes }) => boolean,
): ResourceMetrics {
  const cut = (metric: MetricData): MetricData =>
    ({ ...metric, dataPoints: metric.dataPoints.filter((point) => passes(metric, point)) }) as MetricData;
  const scopeMetrics = all.scopeMetrics.map((scope) => ({
    ...scope,
    metrics: scope.metrics.map(cut).filter(({ dataPoints }) => dataPoints.length > 0),
  }));
  return { ...all, scopeMetrics };
}
