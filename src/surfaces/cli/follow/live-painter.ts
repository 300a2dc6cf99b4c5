// Shows a followed job on a screen: text as it is written, tools as they run, and below it all where the job stands.
import { countOf, formatCost, formatDuration } from '../terminal/amounts.js';
import { createLiveScreen } from '../terminal/live-screen.js';
import { oneLine, printable } from '../terminal/printable.js';
import type { Terminal } from '../terminal/terminal.js';
import { createTextFlow, type TextFlow } from '../terminal/text-flow.js';
import { cutToWidth, displayWidth } from '../terminal/width.js';
import type { Painter } from './painter.js';
import { entryRows, type Said, saidStyle } from './rows.js';
import type { Standing, StoryEntry } from './story-entry.js';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** The terminal itself writes ^C behind the status. */
const ROOM_FOR_INTERRUPT = 3;

interface Block {
  readonly key: string;
  readonly flow: TextFlow;
  /** What was shown of it so far, as it came. */
  shown: string;
}

/** `now` gives epoch milliseconds. */
export function createLivePainter(terminal: Terminal, now: () => number): Painter {
  const { colours } = terminal;
  const screen = createLiveScreen(terminal.out, terminal.columns);
  const room = (): number => terminal.columns() - 1;
  let block: Block | undefined;
  let lastKind = '';
  let lastCall = '';
  let standing: Standing | undefined;
  let awayReason: string | undefined;
  let tick = 0;
  /** Tool calls that have not been answered yet. */
  const calls = new Map<string, string>();

  const openBlock = (entry: Said, key: string): Block => {
    const style = saidStyle(entry, colours);
    let first = true;
    const dressed = (row: string): string => style.paint(`${first ? style.first : style.further}${row}`);
    const flow = createTextFlow(
      () => Math.max(1, room() - displayWidth(style.first)),
      (row) => {
        screen.print(dressed(row));
        first = false;
      },
      (row) => screen.setUnfinished(row === '' ? '' : dressed(row)),
    );
    if (lastKind !== '') screen.print('');
    lastKind = 'said';
    return { key, flow, shown: '' };
  };
  const endBlock = (): void => {
    block?.flow.end();
    block = undefined;
  };
  const grow = (entry: Said): void => {
    const key = `${entry.block} ${entry.thread}`;
    if (block?.key !== key) endBlock();
    const open = block ?? openBlock(entry, key);
    block = open;
    open.shown += entry.text;
    open.flow.add(printable(entry.text));
  };
  const say = (entry: Said): void => {
    const shown = block?.key === `${entry.block} ${entry.thread}` ? block.shown : '';
    if (!entry.text.startsWith(shown)) endBlock(); // other words than were streamed: a retry of the model's
    const rest = entry.text.startsWith(shown) ? entry.text.slice(shown.length) : entry.text;
    if (block !== undefined || rest.trim() !== '')
      grow({ ...entry, text: block ? rest.trimEnd() : rest.trim() });
    endBlock();
  };
  const show = (entry: Exclude<StoryEntry, Said>): void => {
    block?.flow.end(); // the text goes on in a new row
    if (entry.kind === 'tool' && lastKind === 'said') screen.print('');
    if (entry.kind === 'tool') calls.set(entry.id, `${entry.name} ${entry.summary}`);
    if (entry.kind === 'result') {
      const call = calls.get(entry.id);
      calls.delete(entry.id);
      // Calls run side by side: an answer that does not stand below its call says whose it is.
      if (call !== undefined && entry.id !== lastCall)
        show({ kind: 'fact', tone: 'quiet', text: `${call}:` });
    }
    for (const row of entryRows(entry, colours, room())) screen.print(row);
    if (entry.kind !== 'fact') lastCall = entry.id;
    lastKind = entry.kind;
  };
  const drawStatus = (): void => {
    if (standing === undefined) return;
    const spinner = SPINNER[tick % SPINNER.length] ?? '';
    const words =
      awayReason === undefined
        ? statusWords(standing, now())
        : oneLine(`server away, trying again: ${awayReason}`);
    const line = cutToWidth(`${spinner} ${words}`, terminal.columns() - ROOM_FOR_INTERRUPT);
    screen.setStatus((awayReason === undefined ? colours.cyan : colours.yellow)(line));
  };
  const timer = setInterval(() => {
    tick += 1;
    drawStatus();
  }, FRAME_MS);
  timer.unref();

  return {
    frame: () => {},
    entry: (entry) => {
      if (entry.kind === 'growing') grow(entry);
      else if (entry.kind === 'said') say(entry);
      else show(entry);
    },
    standing: (next) => {
      standing = next;
      drawStatus();
    },
    away: (reason) => {
      awayReason = reason;
      drawStatus();
    },
    close: () => {
      clearInterval(timer);
      endBlock();
      screen.close();
    },
  };
}

function statusWords(standing: Standing, now: number): string {
  const words = [standing.phase];
  if (standing.since !== undefined) words.push(formatDuration(now - standing.since));
  if (standing.turns > 0) words.push(countOf(standing.turns, 'turn'));
  if (standing.costUsd > 0) words.push(formatCost(standing.costUsd));
  return [...words, 'Ctrl-C stops watching'].join(' · ');
}
