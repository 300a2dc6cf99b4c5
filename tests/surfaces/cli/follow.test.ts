import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLivePainter } from '../../../src/surfaces/cli/follow/live-painter.js';
import { createStory } from '../../../src/surfaces/cli/follow/story.js';
import { createTerminal } from '../../../src/surfaces/cli/terminal/terminal.js';
import { eventually } from '../../support/eventually.js';
import { keepingSink, type } from './person.js';
import { createScreen, type Screen } from './screen.js';
import {
  frame,
  frames,
  holdSucceededJob,
  ID,
  jobJson,
  json,
  problem,
  type ServerDouble,
  STORY,
  SUCCEEDED,
  say,
  startServerDouble,
} from './server-double.js';

const DONE = frame('99-0.end', 'end', {});

let server: ServerDouble;
beforeEach(async () => {
  server = await startServerDouble();
  holdSucceededJob(server);
});
afterEach(() => server.stop());

describe('following a job into a file', () => {
  it('writes whole lines, in order, and ends with the result', async () => {
    const { code, out, err } = await type(['run', 'make the test pass', '-f'], { url: server.url });
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.deepEqual(out.split('\n'), [
      `● Job ${ID}`,
      `● Working on agenticore-${ID}, from main abcdef0123`,
      '● Claude 2.1.197 · claude-sonnet · session s1',
      '✻ Let me look first.',
      '▶ Bash  npm test',
      '    one',
      '    two',
      '    three',
      '    four',
      '    five',
      '    … +2 lines',
      'The sum was a difference.',
      'Now it adds.',
      '● Claude finished: 7 turns, $0.0312',
      '● Commit 0123456789',
      `● Pushed agenticore-${ID}`,
      '',
      '✔ succeeded in 1m 12s · 7 turns · $0.0312',
      `  job           ${ID}`,
      `  branch        agenticore-${ID}`,
      '  commit        0123456789abcdef0123456789abcdef01234567',
      '  1 file changed, +1 -1',
      '    src/sum.js  +1 -1',
      '',
    ]);
  });

  it('has colours only when they are forced, and never moves the cursor', async () => {
    const { out } = await type(['watch', ID], { url: server.url, forceColor: true });
    assert.ok(out.includes('\u001b[32m'));
    assert.ok(!out.includes('\r') && !out.includes('\u001b[J'));
    assert.ok(
      !(await type(['watch', ID], { url: server.url, forceColor: true, noColor: true })).out.includes(
        '\u001b',
      ),
    );
  });

  it('writes every frame as JSON with --json, unknown ones too, and the job at last', async () => {
    const { code, out } = await type(['watch', ID, '--json'], { url: server.url });
    assert.equal(code, 0);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, STORY.length + 1);
    assert.deepEqual(lines.map(({ event }) => event).slice(-3), ['JobSucceeded', 'end', 'job']);
    assert.ok(lines.some(({ event }) => event === 'a_type_nobody_knows'));
    assert.equal(lines.at(-1).data.branch, `agenticore-${ID}`);
    assert.equal(lines[0].id, '1-0');
  });

  it('tells what went wrong around Claude', async () => {
    const at = '2026-01-02T03:04:06.000Z';
    const message = (type: string, more: Record<string, unknown>): string =>
      frame(type.length, type, { attempt: 1, seq: 1, message: { type, ...more } });
    server.on(`GET /jobs/${ID}/events`, (res) =>
      frames(res, [
        frame(1, 'gap', { after: null }),
        message('system', {
          subtype: 'api_retry',
          attempt: 2,
          max_retries: 10,
          retry_delay_ms: 3500,
          error_status: 529,
          error: 'overloaded',
        }),
        message('rate_limit_event', {
          rate_limit_info: { status: 'rejected', rateLimitType: 'five_hour', resetsAt: 1_795_372_892 },
        }),
        frame(4, 'AttemptFailed', {
          type: 'AttemptFailed',
          attempt: 1,
          at,
          code: 'AGENTICORE_MODEL_OVERLOADED',
          error: 'The model is overloaded.',
          retry_at: '2026-01-02T03:04:36.000Z',
        }),
        frame(5, 'AttemptStarted', { type: 'AttemptStarted', attempt: 2, at, host: 'pod-7' }),
        frame(6, 'CommitReady', {
          type: 'CommitReady',
          attempt: 2,
          at,
          oid: 'feedbeef00112233',
          left_uncommitted: true,
        }),
        frame(7, 'PullRequestFailed', {
          type: 'PullRequestFailed',
          attempt: 2,
          at,
          error: 'no\u001b[2J rights',
        }),
        frame(8, 'user', {
          attempt: 1,
          seq: 9,
          preview: '{"type"',
          bytes: 20_971_520,
          sha256: 'x',
          href: `/jobs/${ID}/messages/1/9`,
        }),
        DONE,
      ]),
    );
    const { out } = await type(['watch', ID], { url: server.url });
    for (const line of [
      '● What came before is no longer kept.',
      '● The model does not answer (overloaded 529); retry 2 of 10 in 4s',
      '● Usage limit rejected (five_hour), resets at 2026-11-22T',
      '● Attempt 1 failed: The model is overloaded. It is tried again in 30s.',
      '● Attempt 2 started on pod-7.',
      '● Committed what Claude had left uncommitted: feedbeef00',
      '● The pull request could not be opened: no rights',
      `● A tool answered 20.0 MiB, too much to show; whole at /jobs/${ID}/messages/1/9`,
    ]) {
      assert.ok(out.includes(line), `${line}\nin\n${out}`);
    }
  });

  it('survives frames that are not what they should be', async () => {
    const odd = [
      null,
      1,
      'x',
      [],
      { message: 5 },
      { message: { message: { content: 'text' } } },
      { message: { message: { content: [null, 1, { type: 'text' }, { type: 'tool_use', input: 'x' }] } } },
    ];
    const names = [
      'assistant',
      'user',
      'system',
      'result',
      'delta',
      'AttemptStarted',
      'ClaudeFinished',
      'rate_limit_event',
      'gap',
      'Nonsense',
      '',
    ];
    server.on(`GET /jobs/${ID}/events`, (res) => {
      frames(res, [
        ...names.flatMap((name, a) => odd.map((data, b) => frame(`${a}-${b}`, name, data))),
        'event: user\ndata: {broken\n\n',
        DONE,
      ]);
    });
    for (const situation of [{}, { out: createScreen(80) }]) {
      assert.equal((await type(['watch', ID], { url: server.url, ...situation })).code, 0);
    }
  });
});

describe('the exit code of a followed job', () => {
  const ends: readonly (readonly [string, Record<string, unknown>, number, RegExp])[] = [
    ['a job that succeeded', {}, 0, /✔ succeeded/],
    ['one whose pull request failed', { pr_error: 'no rights' }, 3, /could not be opened: no rights/],
    [
      'one that failed',
      { status: 'failed', error: 'Claude was stopped.', code: 'AGENTICORE_CLAUDE_TIMEOUT' },
      1,
      /✖ failed.*Claude was stopped\. \(AGENTICORE_CLAUDE_TIMEOUT\).*passed its deadline.*agenticore retry/s,
    ],
    ['one that was cancelled', { status: 'cancelled' }, 1, /✖ cancelled/],
    ['one that expired', { status: 'expired' }, 1, /✖ expired/],
  ];
  for (const [name, overrides, code, summary] of ends) {
    it(`${name}: ${code}`, async () => {
      holdSucceededJob(server, overrides);
      const heard = await type(['watch', ID], { url: server.url });
      assert.equal(heard.code, code);
      assert.match(heard.out, summary);
    });
  }

  it('shows a pull request, and does without the diff when there is none', async () => {
    holdSucceededJob(server, { pr_url: 'https://github.com/acme/widgets/pull/7' });
    server.on(`GET /jobs/${ID}/diff`, (res) => problem(res, 404, 'AGENTICORE_DIFF_NOT_FOUND', 'none'));
    const { code, out } = await type(['watch', ID], { url: server.url });
    assert.equal(code, 0);
    assert.match(out, /pull request {2}https:\/\/github\.com\/acme\/widgets\/pull\/7\n$/);
  });
});

describe('leaving with Ctrl-C', () => {
  const leave = async (
    words: readonly string[],
    out: Screen | undefined,
  ): Promise<Awaited<ReturnType<typeof type>>> => {
    let press = (): void => {};
    const done = type(words, {
      url: server.url,
      ...(out ? { out } : {}),
      interrupt: (pressed) => {
        press = pressed;
      },
    });
    await eventually('the feed is read', () => server.askedFor(`GET /jobs/${ID}/events`).length > 0);
    press();
    return done;
  };

  for (const words of [
    ['watch', ID],
    ['run', 'x', '-f'],
    ['run', 'x', '-w'],
    ['watch', ID, '--json'],
  ]) {
    it(`${words.join(' ')}: exit 130, and says that the job goes on`, async () => {
      server.on(`GET /jobs/${ID}/events`, (res) => frames(res, STORY.slice(0, 7), false));
      const { code, err } = await leave(words, undefined);
      assert.equal(code, 130);
      assert.match(
        err,
        new RegExp(
          `The job goes on\\. See it with: agenticore watch ${ID}\n +Stop it with: agenticore cancel ${ID}\n$`,
        ),
      );
      assert.equal(server.askedFor(`DELETE /jobs/${ID}`).length, 0);
    });
  }

  it('also while the server is away', async () => {
    server.on(`GET /jobs/${ID}/events`, (res) => void res.destroy());
    assert.equal((await leave(['watch', ID], undefined)).code, 130);
  });

  it('leaves no status line on the screen', async () => {
    const screen = createScreen(80);
    server.on(`GET /jobs/${ID}/events`, (res) => frames(res, STORY.slice(0, 7), false));
    assert.equal((await leave(['watch', ID], screen)).code, 130);
    assert.ok(!screen.rows().join('\n').includes('Ctrl-C'));
    assert.match(screen.raw(), /(\n|\[J)$/, 'the cursor stands at the start of a row');
  });
});

describe('a server that goes away while a job is followed', () => {
  it('is waited for, also when the end has just come', async () => {
    let connections = 0;
    server.on(`GET /jobs/${ID}/events`, (res) => {
      connections += 1;
      frames(res, connections === 1 ? [...STORY.slice(0, 5), 'id: 6-0\nevent: del'] : STORY.slice(5));
    });
    let looks = 0;
    server.on(`GET /jobs/${ID}`, (res) => {
      looks += 1;
      if (looks === 1) res.destroy();
      else json(res, 200, { success: true, job: jobJson(SUCCEEDED) });
    });
    const { code, out } = await type(['watch', ID], { url: server.url });
    assert.equal(code, 0);
    assert.equal(out.match(/npm test/g)?.length, 1);
    assert.match(out, /● The server closed the connection\. Trying again …\n● The server is back\.\n/);
  });
});

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
    assert.match(screen.rows().at(-1) ?? '', /^⠋ queued · 1m 12s · Ctrl-C leaves it running$/);
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

  it('shows what an edit changes, without the lines that stay, and paths as seen from the workspace', () => {
    const edit = (input: Record<string, unknown>): string =>
      frame(1, 'assistant', {
        message: {
          type: 'assistant',
          message: { id: 'm', content: [{ type: 'tool_use', id: 'e', name: 'Edit', input }] },
        },
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
      edit({ file_path: '/w/1/src/b.js', old_string: '', new_string: lines(9) }),
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

describe('watching from now on', () => {
  it('begins behind what the server has told before', async () => {
    server.on('GET /health', (res) =>
      json(res, 200, { status: 'ok' }, { date: 'Fri, 02 Jan 2026 03:04:05 GMT' }),
    );
    server.on(`GET /jobs/${ID}/events`, (res) => frames(res, [DONE]));
    assert.equal((await type(['watch', ID, '--since', 'now'], { url: server.url })).code, 0);
    assert.equal(
      server.askedFor(`GET /jobs/${ID}/events`)[0]?.headers['last-event-id'],
      `${Date.parse('2026-01-02T03:04:05Z')}-0`,
    );
  });
});
