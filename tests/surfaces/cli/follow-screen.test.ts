import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLivePainter } from '../../../src/surfaces/cli/follow/live-painter.js';
import { createStory } from '../../../src/surfaces/cli/follow/story.js';
import { createTerminal } from '../../../src/surfaces/cli/terminal/terminal.js';
import { keepingSink, type } from './person.js';
import { holdSucceededJob, ID, STORY, say } from './sample-job.js';
import { createScreen, type Screen } from './screen.js';
import { frame, type ServerDouble, startServerDouble } from './server-double.js';

let server: ServerDouble;
beforeEach(async () => {
  server = await startServerDouble();
  holdSucceededJob(server);
});
afterEach(() => server.stop());

describe('following a job on a screen', () => {
  const cleaned = (screen: Screen): readonly string[] => screen.rows().map((row) => row.trimEnd());

  it('streams text once, keeps the status below, and leaves only the story', async () => {
    const screen = createScreen(60);
    const { code } = await type(['watch', ID], { url: server.url, out: screen });
    assert.equal(code, 0);
    assert.deepEqual(cleaned(screen).slice(0, 17), [
      `● Working on agenticore-${ID.slice(0, 34)}…`,
      '● Claude 2.1.197 · claude-sonnet · session s1',
      '',
      '✻ Let me look first.',
      '',
      '▶ Bash  npm test',
      '    one',
      '    two',
      '    three',
      '    four',
      '    five',
      '    … +2 lines',
      '',
      'The sum was a difference.',
      'Now it adds.',
      '● Claude finished: 7 turns, $0.0312',
      '● Commit 0123456789',
    ]);
    assert.ok(!screen.rows().join('\n').includes('Ctrl-C'));
  });

  /** Paints frames on a screen and gives what is seen with the status line still there. */
  const paint = (
    screen: Screen,
    texts: readonly string[],
  ): { close: () => void; more: (texts: readonly string[]) => void } => {
    const terminal = createTerminal(screen, keepingSink(), {
      noColor: true,
      forceColor: undefined,
      term: 'xterm',
    });
    const painter = createLivePainter(terminal, () => Date.parse('2026-01-02T03:05:18.000Z'));
    const story = createStory();
    const more = (pieces: readonly string[]): void => {
      for (const text of pieces) {
        const [, id, event, data] = /^id: (.*)\nevent: (.*)\ndata: (.*)\n/.exec(text) ?? [];
        for (const entry of story.tell({ id, event: event ?? '', data: data ?? '' })) painter.entry(entry);
        painter.standing(story.standing());
      }
    };
    more(texts);
    return { close: () => painter.close(), more };
  };
  const delta = (text: string, more: Record<string, unknown> = {}): string =>
    frame(1, 'delta', {
      attempt: 1,
      seq: 1,
      block: 0,
      delta: 'text',
      text,
      parent_tool_use_id: null,
      ...more,
    });

  it('says in the status line what is going on, for how long, and what it has cost', () => {
    const screen = createScreen(100);
    const painted = paint(screen, STORY.slice(0, 1));
    assert.match(screen.rows().at(-1) ?? '', /^⠋ queued · 1m 12s · Ctrl-C stops watching$/);
    painted.more(STORY.slice(1, 2));
    assert.match(screen.rows().at(-1) ?? '', /cloning/);
    painted.more(STORY.slice(2, 14));
    assert.match(screen.rows().at(-1) ?? '', /claude · 1m 12s · 2 turns/);
    painted.more(STORY.slice(14, 18));
    assert.match(screen.rows().at(-1) ?? '', /pushing · 1m 12s · 2 turns · \$0\.0312/);
    painted.close();
  });

  it('shows text as it grows, above the status', () => {
    const screen = createScreen(40);
    const painted = paint(screen, [...STORY.slice(0, 4), delta('Half a sent')]);
    assert.equal(screen.rows().at(-2), 'Half a sent');
    assert.match(screen.rows().at(-1) ?? '', /claude/);
    painted.more([delta('ence.'), frame(2, 'assistant', say('Half a sentence. And more.'))]);
    assert.ok(screen.rows().includes('Half a sentence. And more.'));
    assert.equal(screen.rows().filter((row) => row.includes('Half')).length, 1);
    painted.close();
  });

  it('shows the whole text when other words were streamed than were said in the end', () => {
    const screen = createScreen(40);
    const painted = paint(screen, [
      delta('This was the first'),
      frame(2, 'assistant', say('Another answer came.')),
    ]);
    painted.close();
    assert.deepEqual(cleaned(screen), ['This was the first', '', 'Another answer came.']);
  });

  it('keeps the parts of a text together when something happens in between', () => {
    const screen = createScreen(40);
    const painted = paint(screen, [
      delta('One '),
      frame(2, 'CancelRequested', { type: 'CancelRequested', by: 'ann' }),
      delta('two'),
      frame(3, 'assistant', say('One two three')),
    ]);
    painted.close();
    assert.deepEqual(cleaned(screen), ['One', '● Cancel requested by ann', 'two three']);
  });

  it('marks what sub-agents do, and says whose an answer is when calls run side by side', () => {
    const call = (id: string, command: string, more: Record<string, unknown> = {}): string =>
      frame(1, 'assistant', {
        message: {
          type: 'assistant',
          message: { id: 'm', content: [{ type: 'tool_use', id, name: 'Bash', input: { command } }] },
          ...more,
        },
      });
    const result = (id: string, content: unknown, more: Record<string, unknown> = {}): string =>
      frame(2, 'user', {
        message: {
          type: 'user',
          message: { content: [{ type: 'tool_result', tool_use_id: id, content, ...more }] },
        },
      });
    const screen = createScreen(60);
    const painted = paint(screen, [
      call('a', 'sleep 1'),
      call('b', 'ls'),
      result('a', 'slept'),
      result('b', [{ type: 'text', text: 'x.js' }, { type: 'image' }]),
      call('c', 'false', { parent_tool_use_id: 'a', subagent_type: 'explorer' }),
      result('c', 'exit 1', { is_error: true }),
    ]);
    painted.close();
    assert.deepEqual(cleaned(screen), [
      '▶ Bash  sleep 1',
      '▶ Bash  ls',
      '● Bash sleep 1:',
      '    slept',
      '● Bash ls:',
      '    x.js',
      '    [image]',
      '┆ explorer ▶ Bash  false',
      '    ✗ exit 1',
    ]);
  });

  it('shows what an edit changes, not that it worked nor the lines that stay, and paths as the workspace has them', () => {
    const edit = (input: Record<string, unknown>): string =>
      frame(1, 'assistant', {
        message: {
          type: 'assistant',
          message: { id: 'm', content: [{ type: 'tool_use', id: 'e', name: 'Edit', input }] },
        },
      });
    const result = (more: Record<string, unknown>): string =>
      frame(2, 'user', {
        message: { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 'e', ...more }] } },
      });
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, index) => `new ${index}`).join('\n');
    const screen = createScreen(40);
    const painted = paint(screen, [
      ...STORY.slice(0, 3),
      edit({
        file_path: '/w/1/src/a.js',
        old_string: 'same {\n  old\n}',
        new_string: 'same {\n  new\n\tmore\n}',
      }),
      result({ content: 'The file /w/1/src/a.js has been updated successfully.' }),
      edit({ file_path: '/w/1/src/b.js', old_string: '', new_string: lines(9) }),
      result({ content: 'String to replace not found.', is_error: true }),
    ]);
    painted.close();
    assert.deepEqual(cleaned(screen).slice(1), [
      '▶ Edit  src/a.js',
      '    -   old',
      '    +   new',
      '    +     more',
      '▶ Edit  src/b.js',
      ...[0, 1, 2, 3, 4, 5].map((index) => `    + new ${index}`),
      '    + … +3 lines',
      '    ✗ String to replace not found.',
    ]);
  });

  it('lets nothing act on the terminal, whoever says it, in whatever pieces', () => {
    const evil = '\u001b]0;owned\u0007\u001b[2J\u001b[10A\u009b5mtext\u202e\u0008';
    const screen = createScreen(30);
    const painted = paint(screen, [
      ...[...evil].map((character) => delta(character)),
      frame(2, 'assistant', {
        message: {
          type: 'assistant',
          message: {
            id: evil,
            content: [{ type: 'tool_use', id: 'x', name: evil, input: { command: evil } }],
          },
          parent_tool_use_id: 'p',
          subagent_type: evil,
        },
      }),
      frame(3, 'user', {
        message: {
          type: 'user',
          message: { content: [{ type: 'tool_result', tool_use_id: 'x', content: evil }] },
        },
      }),
      frame(4, 'system', { message: { type: 'system', subtype: 'init', model: evil, session_id: evil } }),
      ...['WorkspaceOpened', 'AttemptStarted', 'AttemptFailed', 'PullRequestOpened', 'CancelRequested'].map(
        (event, index) =>
          frame(5 + index, event, {
            attempt: 2,
            path: evil,
            branch: evil,
            base_ref: evil,
            host: evil,
            error: evil,
            url: evil,
            by: evil,
          }),
      ),
    ]);
    painted.close(); // the screen throws at anything that it must not see
  });

  it('stays whole when the screen changes its size in the middle of wide text', () => {
    const screen = createScreen(50);
    const painted = paint(screen, [
      ...STORY.slice(0, 4),
      delta('日本語のテキストがここに'),
      delta('とても長く続きます。'),
    ]);
    for (const columns of [24, 37, 90, 21]) {
      screen.resize(columns);
      painted.more([delta('そして'), delta('もっと 🚀 ')]);
    }
    painted.close();
    const text = screen.rows().join('').replaceAll(/\s/g, '');
    assert.ok(text.includes('日本語のテキストがここにとても長く続きます。そしてもっと🚀そして'), text);
    assert.ok(!text.includes('Ctrl-C'), text);
  });
});
