// Shows a followed job to a program: each frame as one line of JSON, unknown ones too.
import { printable } from '../terminal/printable.js';
import type { Terminal } from '../terminal/terminal.js';
import type { Painter } from './painter.js';

export function createJsonPainter(terminal: Terminal): Painter {
  let isAway = false;
  return {
    frame: ({ id, event, data }) => terminal.print(JSON.stringify({ id, event, data: parsed(data) })),
    entry: () => {},
    standing: () => {},
    // On stdout are frames only.
    away: (reason) => {
      if (reason !== undefined && !isAway) terminal.say(`agenticore: ${printable(reason)} Trying again ...`);
      isAway = reason !== undefined;
    },
    close: () => {},
  };
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
