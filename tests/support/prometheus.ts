// Reads the text format of Prometheus (version 0.0.4) strictly: what a scraper would refuse or misread is an error.
import assert from 'node:assert/strict';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  /** By name: those of a histogram have `_bucket`, `_sum` and `_count` behind theirs. */
  readonly samples: Map<string, Sample[]>;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/** The families of a page by name. Throws with the line that is wrong. */
export function parsePrometheus(page: string): ReadonlyMap<string, Family> {
  assert.ok(page.endsWith('\n'), 'the last line ends');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let help = '';
  for (const line of page.split('\n').filter((one) => one !== '')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, word, name = '', text = ''] = comment;
      if (word === 'HELP') help = text;
      else {
        assert.ok(!families.has(name), `declared twice: ${line}`);
        assert.match(text, /^(counter|gauge|histogram)$/, line);
        families.set(name, { type: text, help, samples: new Map() });
      }
      continue;
    }
    const [, name = '', labelText = '', valueText = ''] =
      SAMPLE.exec(line) ?? assert.fail(`no sample: ${line}`);
    const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
    assert.ok(family, `of no family: ${line}`);
    const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText);
    assert.ok(!Number.isNaN(value), line);
    const labels = labelsOf(labelText, line);
    const key = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
    assert.ok(!seen.has(key), `said twice: ${line}`);
    seen.add(key);
    const samples = family.samples.get(name) ?? [];
    samples.push({ labels, value });
    family.samples.set(name, samples);
  }
  for (const [name, family] of families) if (family.type === 'histogram') assertHistogram(name, family);
  return families;
}

/** The one value under these labels; undefined when there is none. */
export function figureOf(
  page: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const families = parsePrometheus(page);
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  const wanted = JSON.stringify(Object.entries(labels).sort());
  return family?.samples
    .get(name)
    ?.find((one) => JSON.stringify(Object.entries(one.labels).sort()) === wanted)?.value;
}

function labelsOf(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name = '', value = ''] = LABEL.exec(text) ?? assert.fail(`labels of ${line}`);
    labels[name] = value;
  }
  return labels;
}

/** Buckets grow up to the count. */
function assertHistogram(name: string, { samples }: Family): void {
  for (const { labels, value } of samples.get(`${name}_count`) ?? []) {
    const own = (samples.get(`${name}_bucket`) ?? []).filter((bucket) =>
      Object.entries(labels).every(([label, text]) => bucket.labels[label] === text),
    );
    const values = own.map((bucket) => bucket.value);
    assert.deepEqual(
      values,
      values.toSorted((a, b) => a - b),
      name,
    );
    assert.deepEqual([own.at(-1)?.labels.le, own.at(-1)?.value], ['+Inf', value], name);
  }
}
