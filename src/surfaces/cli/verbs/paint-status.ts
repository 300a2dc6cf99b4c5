// One colour for each status, wherever it is shown.
import type { Colours } from '../terminal/terminal.js';

export function paintStatus(colours: Colours, status: string): string {
  switch (status) {
    case 'succeeded':
      return colours.green(status);
    case 'running':
      return colours.cyan(status);
    case 'failed':
    case 'expired':
      return colours.red(status);
    case 'cancelled':
      return colours.yellow(status);
    default:
      return status;
  }
}
