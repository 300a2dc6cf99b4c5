import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatAge,
  formatBytes,
  formatCost,
  formatDuration,
} from '../../../src/surfaces/cli/terminal/amounts.js';
import { createLiveScreen } from '../../../src/surfaces/cli/terminal/live-screen.js';
import { oneLine, printable } from '../../../src/surfaces/cli/terminal/printable.js';
import { tableLines } from '../../../src/surfaces/cli/terminal/table.js';
import { createTerminal } from '../../../src/surfaces/cli/terminal/terminal.js';
import { createTextFlow } from '../../../src/surfaces/cli/terminal/text-flow.js';
import {
  cutToWidth,
  displayWidth,
  padToWidth,
  splitAtWidth,
} from '../../../src/surfaces/cli/terminal/width.js';
import { keepingSink } from './person.js';
import { createScreen } from './screen.js';

describe('the width of text', () => {
  it('counts wide characters twice, combining ones not at all, colours nothing', () => {
    assert.equal(displayWidth('abc'), 3);
    assert.equal(displayWidth('日本'), 4);
    assert.equal(displayWidth('e\u0301'), 1);
    assert.equal(displayWidth('🚀'), 2);
    assert.equal(displayWidth('\u001b[31mred\u001b[39m'), 3);
    assert.equal(displayWidth('✔ ● ▶'), 5);
  });

  it('never cuts through a wide character, and never passes the columns', () => {
    assert.equal(cutToWidth('日本語', 4), '日…');
    assert.equal(cutToWidth('日本語', 6), '日本語');
    assert.deepEqual(splitAtWidth('日本語', 3), ['日', '本語']);
    assert.equal(padToWidth('日', 4), '日  ');
    assert.equal(cutToWidth('abc', 0), '');
  });

  it('gives at least one character, so that a loop over it ends', () => {
    assert.deepEqual(splitAtWidth('日本', 1), ['日', '本']);
  });
});

describe('foreign text', () => {
  it('loses everything that would act on a terminal', () => {
    const evil = 'a\u001b]0;title\u0007b\u001b[2Jc\u001b]52;c;aGk=\u001b\\d\u0008\u009b31me\u202ef';
    assert.equal(printable(evil).replaceAll(/[^\p{Cc}\p{Cf}]/gu, ''), '');
    assert.ok(!printable('\u001b').includes('\u001b'));
    assert.ok(!printable('x\u001b]8;;http://evil').includes('\u001b'));
  });

  it('keeps line ends and turns carriage returns into them', () => {
    assert.equal(printable('10%\r20%\r\ndone\n'), '10%\n20%\ndone\n');
    assert.equal(oneLine(' a\n\tb  c '), 'a b c');
  });
});

describe('a text in pieces', () => {
  const flowInto = (
    columns: number,
  ): { rows: string[]; last: () => string; flow: ReturnType<typeof createTextFlow> } => {
    const rows: string[] = [];
    let unfinished = '';
    const flow = createTextFlow(
      () => columns,
      (row) => rows.push(row),
      (row) => {
        unfinished = row;
      },
    );
    return { rows, last: () => unfinished, flow };
  };

  it('breaks between words, however it is cut into pieces', () => {
    const text = 'The quick brown fox jumps over the lazy dog and runs';
    for (const size of [1, 3, 7, 100]) {
      const { rows, last, flow } = flowInto(16);
      for (let at = 0; at < text.length; at += size) flow.add(text.slice(at, at + size));
      assert.deepEqual(
        [...rows, last()],
        ['The quick brown', 'fox jumps over', 'the lazy dog and', 'runs'],
        `pieces of ${size}`,
      );
    }
  });

  it('breaks what has no spaces at the edge, and keeps empty lines', () => {
    const { rows, flow } = flowInto(4);
    flow.add('abcdefghij\n\nk');
    flow.end();
    assert.deepEqual(rows, ['abcd', 'efgh', 'ij', '', 'k']);
  });

  it('takes one line of a megabyte in its stride', { timeout: 20_000 }, () => {
    const { rows, flow } = flowInto(80);
    flow.add('x'.repeat(1024 * 1024));
    flow.end();
    assert.equal(rows.length, Math.ceil((1024 * 1024) / 80));
  });
});

describe('the live rows of a screen', () => {
  it('stay below what is final, and vanish at the end', () => {
    const screen = createScreen(20);
    const live = createLiveScreen(screen, () => screen.columns);
    live.setStatus('working');
    live.print('first');
    live.setUnfinished('half a');
    assert.deepEqual(screen.rows(), ['first', 'half a', 'working']);
    live.print('half a line');
    live.setUnfinished('');
    live.setStatus('still working');
    assert.deepEqual(screen.rows(), ['first', 'half a line', 'still working']);
    live.close();
    assert.deepEqual(screen.rows(), ['first', 'half a line']);
  });

  it('leave nothing behind when the screen becomes narrower or wider', () => {
    const screen = createScreen(30);
    const live = createLiveScreen(screen, () => screen.columns);
    live.print('a final line of some length');
    live.setUnfinished('an unfinished row of text');
    live.setStatus('a status that is rather long');
    screen.resize(12);
    live.setStatus('short');
    screen.resize(40);
    live.setUnfinished('');
    live.setStatus('end');
    assert.deepEqual(screen.rows(), ['a final line of some length', 'end']);
  });
});

describe('a table', () => {
  const { colours } = createTerminal(keepingSink(), keepingSink(), {
    noColor: true,
    forceColor: undefined,
    term: undefined,
  });
  const table = [
    { title: 'ID', cells: ['1234', '5678'], atLeast: 4 },
    { title: 'REPO', cells: ['a/b', 'ccc/dddd'], atLeast: 4, mayGo: 1 },
    { title: 'TASK', cells: ['make it 日本語 so', 'x'], atLeast: 6, mayGo: 2 },
  ];

  it('shows everything where there is room', () => {
    assert.deepEqual(tableLines(table, 80, colours), [
      'ID    REPO      TASK',
      '1234  a/b       make it 日本語 so',
      '5678  ccc/dddd  x',
    ]);
  });

  it('is never wider than the screen: columns leave in order, cells are cut', () => {
    for (let columns = 4; columns < 50; columns += 1) {
      for (const line of tableLines(table, columns, colours))
        assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
    }
    assert.deepEqual(tableLines(table, 13, colours), ['ID    TASK', '1234  make i…', '5678  x']);
    assert.deepEqual(tableLines(table, 9, colours), ['ID', '1234', '5678']);
  });
});

describe('what the environment wishes', () => {
  const coloured = (
    isTTY: boolean,
    wishes: { noColor?: boolean; forceColor?: boolean; term?: string },
  ): boolean => {
    const out = { ...keepingSink(), isTTY };
    const terminal = createTerminal(out, out, {
      noColor: false,
      forceColor: undefined,
      term: 'xterm',
      ...wishes,
    });
    return terminal.colours.red('x') !== 'x';
  };

  it('decides on colours: NO_COLOR over FORCE_COLOR over what the stream is', () => {
    assert.equal(coloured(true, {}), true);
    assert.equal(coloured(false, {}), false);
    assert.equal(coloured(false, { forceColor: true }), true);
    assert.equal(coloured(true, { forceColor: false }), false);
    assert.equal(coloured(true, { noColor: true, forceColor: true }), false);
    assert.equal(coloured(true, { term: 'dumb' }), false);
  });
});

describe('amounts', () => {
  it('are short', () => {
    assert.equal(formatDuration(999), '0s');
    assert.equal(formatDuration(72_000), '1m 12s');
    assert.equal(formatDuration(3_725_000), '1h 02m');
    assert.equal(formatDuration(-5), '0s');
    assert.equal(formatAge(90_000_000), '1d');
    assert.equal(formatCost(0.03125), '$0.0313');
    assert.equal(formatCost(1.2), '$1.20');
    assert.equal(formatBytes(20 * 1024 * 1024), '20.0 MiB');
  });
});
