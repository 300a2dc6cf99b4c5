// Chooses how a followed or replayed job is shown: to a program, on a screen, or as lines.
import type { Terminal } from '../terminal/terminal.js';
import { createJsonPainter } from './json-painter.js';
import { createLivePainter } from './live-painter.js';
import type { Painter } from './painter.js';
import { createPlainPainter } from './plain-painter.js';

/** `now` (epoch milliseconds) is what running times are counted to. */
export function painterFor(terminal: Terminal, json: boolean, now: () => number = Date.now): Painter {
  if (json) return createJsonPainter(terminal);
  return terminal.live ? createLivePainter(terminal, now) : createPlainPainter(terminal);
}
