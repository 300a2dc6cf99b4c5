// What a process counts. OpenTelemetry, which does the counting, takes longer to load than most of a start: until somebody
// looks, what it will be told is kept aside.
import type { Meter } from '../../ports/meter.js';
import type { Telemetry } from './open-telemetry.js';

export interface Metrics extends Pick<Telemetry, 'observe' | 'page'> {
  readonly meter: Meter;
}

/** Whenever so much more is kept aside, OpenTelemetry is loaded though nobody has looked. */
const KEPT_ASIDE = 1_000;

/** Nothing is counted yet. */
export function createMetrics(): Metrics {
  let kept: ((telemetry: Telemetry) => void)[] = [];
  let opened: Telemetry | undefined;
  let opening: Promise<Telemetry> | undefined;

  const open = async (): Promise<Telemetry> => {
    const { openTelemetry } = await import('./open-telemetry.js');
    opened = openTelemetry();
    for (const tell of kept) tell(opened);
    kept = [];
    return opened;
  };
  const whenOpen = (): Promise<Telemetry> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined; // the next one may have more luck
      throw error;
    });
    return opening;
  };
  const tell = (what: (telemetry: Telemetry) => void): void => {
    if (opened === undefined) kept.push(what);
    else what(opened);
    if (kept.length > 0 && kept.length % KEPT_ASIDE === 0) whenOpen().catch(() => {}); // whoever looks is told
  };
  const record: Meter['record'] = (name, labels, value) => tell((to) => to.record(name, labels, value));
  return {
    meter: {
      add: (name, labels, by) => tell((to) => to.add(name, labels, by)),
      record,
      time(name, labels, body) {
        const startedAt = performance.now();
        const result = body();
        record(name, labels, (performance.now() - startedAt) / 1000);
        return result;
      },
    },
    observe: (read) => tell((to) => to.observe(read)),
    page: async () => (await whenOpen()).page(),
  };
}
