import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { METRICS, type MetricRow } from '../../../src/domain/metrics.js';
import { packagePath } from '../../../src/runtime/package-root.js';
import { createMetrics } from '../../../src/runtime/telemetry/metrics.js';
import { METRIC_PREFIX } from '../../../src/runtime/telemetry/open-telemetry.js';
import { PROCESS_METRICS } from '../../../src/runtime/telemetry/process-metrics.js';
import { figureOf, parsePrometheus } from '../../support/prometheus.js';

describe('the page of metrics', () => {
  it('has what was counted, how things stand, and the process, as Prometheus reads it', async () => {
    const { meter, page, observe } = createMetrics();
    const label = 'a "quoted" \\ name\nof two lines';
    meter.add('claims_stolen_total', { lane: label }, 2);
    meter.add('sse_clients', {}, 1);
    meter.add('sse_clients', {}, -1);
    for (const value of [0.02, 0.02, 7, 99]) meter.record('turn_ttft_seconds', {}, value);
    assert.equal(
      meter.time('stream_lag_seconds', {}, () => 'said'),
      'said',
    );
    let dead = 3;
    observe(async () => [
      { name: 'dead', labels: {}, value: dead },
      { name: 'lane_entries', labels: { lane: 'jobs', state: 'running' }, value: 5 },
    ]);
    const text = await page();
    const families = parsePrometheus(text);
    assert.equal(families.get('agenticore_claims_stolen_total')?.type, 'counter');
    assert.deepEqual(
      families.get('agenticore_claims_stolen_total')?.samples.get('agenticore_claims_stolen_total'),
      [{ labels: { lane: 'a \\"quoted\\" \\\\ name\\nof two lines' }, value: 2 }],
    );
    assert.equal(figureOf(text, 'agenticore_sse_clients'), 0);
    assert.equal(figureOf(text, 'agenticore_turn_ttft_seconds_bucket', { le: '0.025' }), 2);
    assert.equal(figureOf(text, 'agenticore_turn_ttft_seconds_count'), 4);
    assert.equal(figureOf(text, 'agenticore_stream_lag_seconds_count'), 1);
    assert.equal(figureOf(text, 'agenticore_lane_entries', { lane: 'jobs', state: 'running' }), 5);
    for (const name of Object.keys(PROCESS_METRICS)) assert.ok(figureOf(text, name) !== undefined, name);
    dead = 4;
    assert.deepEqual([figureOf(text, 'agenticore_dead'), figureOf(await page(), 'agenticore_dead')], [3, 4]);
  });

  it('has what was counted before its first look and after it, however much that was', async () => {
    const { meter, page } = createMetrics();
    const count = (times: number): void => {
      for (let time = 0; time < times; time += 1) meter.add('claims_stolen_total', { lane: 'jobs' });
    };
    const counted = async () => figureOf(await page(), 'agenticore_claims_stolen_total', { lane: 'jobs' });
    count(5_000);
    const first = counted();
    count(1);
    assert.equal(await first, 5_001);
    count(1);
    assert.equal(await counted(), 5_002);
  });

  it('leaves out what nobody knows at the moment', async () => {
    const { page, observe } = createMetrics();
    let isUp = true;
    observe(async () => (isUp ? [{ name: 'dead', labels: {}, value: 3 }] : []));
    assert.equal(figureOf(await page(), 'agenticore_dead'), 3);
    isUp = false;
    assert.equal(figureOf(await page(), 'agenticore_dead'), undefined);
  });

  it('is in the document, each metric with its labels', () => {
    const document = readFileSync(packagePath('docs/metrics.md'), 'utf8');
    for (const [name, { labels }] of Object.entries<MetricRow>(METRICS)) {
      const row = document.split('\n').find((line) => line.includes(`\`${METRIC_PREFIX}${name}\``)) ?? '';
      for (const label of labels) assert.ok(row.includes(`\`${label}\``), `${name} ${label}`);
      assert.doesNotMatch(labels.join(' '), /\b(id|job|job_id|caller|conversation|key)\b/);
    }
  });
});
