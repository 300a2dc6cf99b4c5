// A meter for tests: keeps what it is told, or nothing.
import type { Meter } from '../../src/ports/meter.js';

/** For those who do not look at figures. */
export const deafMeter: Meter = { add: () => {}, record: () => {}, time: (_name, _labels, body) => body() };
