import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VERBS } from '../../../src/surfaces/cli/commands.js';
import { cliReference } from '../../../src/surfaces/cli/reference.js';
import { displayWidth } from '../../../src/surfaces/cli/terminal/width.js';
import { keepingSink, type } from './person.js';

describe('help', () => {
  for (const verb of VERBS) {
    it(`${verb} --help says what it does and what it takes`, async () => {
      const { code, out, err } = await type([verb, '--help']);
      assert.equal(code, 0);
      assert.equal(err, '');
      assert.match(out, new RegExp(`^agenticore ${verb}`));
      assert.match(out, /--help/);
    });
  }

  it('names every verb, and nothing that does not exist yet', async () => {
    const { out } = await type(['--help']);
    const named = [...out.matchAll(/^ {2}agenticore (\w+)/gm)].map((match) => match[1]);
    assert.deepEqual(named, VERBS);
  });

  it('fits the screen', async () => {
    const out = { ...keepingSink(), isTTY: true, columns: 60 };
    await type(['run', '--help'], { out });
    for (const line of out.text().split('\n')) {
      if (!line.includes('agenticore run')) assert.ok(displayWidth(line) <= 60, line);
    }
  });

  it('is the same in docs/cli.md, for every verb', async () => {
    const reference = await cliReference();
    for (const verb of VERBS) {
      const { out } = await type([verb, '--help']);
      assert.ok(reference.includes(`## agenticore ${verb}\n`), verb);
      const [, firstOption] = /^ {2,}(--?\w[\w-]*)/m.exec(out) ?? [];
      assert.ok(reference.includes(firstOption ?? '?'), verb);
    }
    assert.ok(reference.includes('### agenticore profiles show\n'));
    assert.equal(reference, await cliReference());
    assert.doesNotMatch(reference, /[ \t]$/m);
  });
});

describe('the version', () => {
  it('is printed by --version', async () => {
    assert.deepEqual(await type(['--version']), { code: 0, out: '9.8.7\n', err: '' });
  });
});

describe('a command line that is not understood', () => {
  const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      'an unknown command names the nearest',
      ['jbos'],
      /^agenticore: There is no command "jbos"\. Did you mean jobs\? See `agenticore --help`\.\n$/,
    ],
    ['a command that is like none', ['xyzzyx'], /There is no command "xyzzyx"\. See/],
    ['an unknown option', ['jobs', '--bogus'], /"--bogus" is no option here/],
    ['an option of one letter', ['run', 'x', '-z'], /"-z" is no option here/],
    ['a text that begins with a dash', ['run', '-fix it'], /put -- before a text that begins with a dash/],
    [
      'a task without quotes',
      ['run', 'mend', 'it'],
      /"it" is one word too many; put a text of several words in quotes/,
    ],
    ['an option without its value', ['run', 'x', '--repo'], /--repo needs a value/],
    ['an option with an empty value', ['run', 'x', '--repo='], /--repo needs a value/],
    ['an option given twice', ['run', 'x', '-r', 'a', '-r', 'b'], /--repo was given more than once/],
    ['a word where a number belongs', ['run', 'x', '--timeout', 'soon'], /--timeout needs a number/],
    [
      'a status that does not exist',
      ['jobs', '-s', 'lost'],
      /--status must be one of queued, .*, expired, not "lost"\. See `agenticore jobs --help`/,
    ],
    ['an option of one letter without its value', ['jobs', '-n'], /: -n needs a value\./],
    [
      'a switch with a value, which is no way to say yes',
      ['run', 'x', '--follow=yes'],
      /--follow takes no value/,
    ],
    ['options alone', ['--json'], /The command comes first, its options after it\. See `agenticore --help`/],
    ['an empty id', ['job', ''], /An empty text names no job\./],
    ['a verb that profiles has not', ['profiles', 'shwo'], /There is no command "profiles shwo"/],
    [
      'what an admin verb has not',
      ['admin', 'dead', 'drop', 'abc', 'd'],
      /See `agenticore admin dead drop --help`/,
    ],
    ['all events without a beginning', ['admin', 'replay', '--all'], /--all needs --since/],
    ['a beginning without all events', ['admin', 'replay', 'abc', '--since', '2h'], /--since needs --all/],
    ['a missing id', ['job'], /the id or name it is about/],
    ['a missing profile name', ['profiles', 'show'], /the id or name it is about/],
    ['two tasks', ['run', 'a', '--', 'b'], /more than one task/],
    ['no task at all', ['run'], /Nothing came from stdin/],
    ['a blank task', ['run', '  '], /There is no task/],
    ['metadata that is no pair', ['run', 'x', '--metadata', 'a'], /must look like key=value/],
    ['a folder that is not there', ['run', 'x', '-r', './nowhere-at-all'], /There is no folder/],
    ['a server address that is none', ['jobs', '--url', 'ftp://x'], /must look like http/],
    ['a server address with a password', ['jobs', '--url', 'http://a:b@x'], /without user, password/],
    ['an id that is none', ['job', 'no-id!'], /is no job id/],
    ['too little of an id', ['job', 'a7'], /give three characters at least/],
    ['a limit of nothing', ['jobs', '-n', '0'], /--limit must be/],
  ];
  for (const [name, words, sentence] of refused) {
    it(`${name}: exit 2, one sentence on stderr, nothing on stdout`, async () => {
      const { code, out, err } = await type(words);
      assert.equal(code, 2, err);
      assert.equal(out, '');
      assert.match(err, sentence);
      assert.equal(err.trim().split('\n').length, 1, err);
    });
  }

  it('nothing at all shows the help, and fails', async () => {
    const { code, out, err } = await type([]);
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.match(err, /agenticore run/);
  });

  it('repeats no control character of what was typed', async () => {
    const { err } = await type(['\u001b[2Jx']);
    assert.ok(!err.includes('\u001b'));
  });
});

describe('serve', () => {
  it('hands over only what was said, and gives the exit code of the server', async () => {
    const given: unknown[] = [];
    const serve = async (flags: unknown): Promise<number> => {
      given.push(flags);
      return 7;
    };
    assert.equal((await type(['serve'], { serve })).code, 7);
    assert.equal(
      (await type(['serve', '--port', '0', '--host', '::1', '--roles', 'ingress,worker'], { serve })).code,
      7,
    );
    assert.deepEqual(given, [{}, { port: 0, host: '::1', roles: 'ingress,worker' }]);
  });
});

describe('doctor', () => {
  const bad = { name: 'git', level: 'fail', fact: 'cannot be run', mend: 'Install git.' } as const;
  const good = { name: 'node', level: 'ok', fact: 'v20.19.0' } as const;

  it('shows each finding with how to mend it, and fails when one failed', async () => {
    const { code, out } = await type(['doctor'], { findings: [good, bad] });
    assert.equal(code, 1);
    assert.match(out, /^ok {3}node {2}v20\.19\.0\nFAIL git {3}cannot be run\n +-> Install git\.\n/);
  });

  it('is content with warnings', async () => {
    assert.equal((await type(['doctor'], { findings: [good, { ...bad, level: 'warn' }] })).code, 0);
  });

  it('tells programs the same as JSON', async () => {
    const { out } = await type(['doctor', '--json'], { findings: [good, bad] });
    assert.deepEqual(JSON.parse(out), { healthy: false, findings: [good, bad] });
  });
});
