// docs/metrics.md, made from the tables of metrics.
import { METRICS, type MetricRow } from '../../src/domain/metrics.js';
import { METRIC_PREFIX } from '../../src/runtime/telemetry/open-telemetry.js';
import { PROCESS_METRICS } from '../../src/runtime/telemetry/process-metrics.js';
import { table } from './table.js';

const KINDS: Readonly<Record<MetricRow['kind'], string>> = {
  counter: 'counter',
  histogram: 'histogram',
  level: 'gauge',
  gauge: 'gauge',
};

/** The whole page. */
export function metricsPage(): string {
  const ours = Object.entries<MetricRow>(METRICS).map(([name, { kind, labels, help }]) => [
    `\`${METRIC_PREFIX}${name}\``,
    KINDS[kind],
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  const process = Object.entries(PROCESS_METRICS).map(([name, { kind, help }]) => [
    `\`${name}\``,
    kind,
    '',
    help,
  ]);
  const rows = [...ours, ...process];
  return `${HEAD}\n\n${table(['metric', 'kind', 'labels', 'what it says'], rows)}\n\n${TAIL}\n`;
}

const HEAD = `# Metrics

<!-- Made by \`npm run docs\` from src/domain/metrics.ts; edit that, or scripts/docs/metrics-page.ts, instead. -->

\`GET /metrics\` on every process, whatever its roles, in the text format of Prometheus. Where API keys are configured it asks
for one, as a bearer token or \`X-Api-Key\`; with \`AGENTICORE_PUBLIC_METRICS=true\` it asks nobody.

\`\`\`yaml
scrape_configs:
  - job_name: agenticore
    authorization: { credentials_file: /etc/prometheus/agenticore.key }
    static_configs: [{ targets: ['127.0.0.1:8200'] }]
\`\`\``;

const TAIL = `- Counters count what *this* process wrote to the ledgers, so that a sum over all processes counts each job once:
  \`sum(rate(agenticore_jobs_total[5m])) by (status)\`. They begin at zero with each process.
- Gauges of the bus (\`lane_entries\`, \`delayed\`, \`dead\`, \`callbacks_due\`) say the same on every process of a fleet: take
  \`max\`, not \`sum\`. They are asked for when the page is; a bus that does not answer within a second is down, \`bus_up\` is 0,
  and the others are left out rather than told as zero.
- Of a process that only works, \`turn_ttft_seconds\` stays empty: it is taken where the request came in.
- \`stream_lag_seconds\` is the time from a line of claude that was read to what of it went to the reader, where both are in
  one process.
- Labels are bounded: profiles and lanes are the server's own, codes those of [errors.md](errors.md); of models that callers
  name, the first fifty have a name of their own, and the rest is \`other\`.`;
