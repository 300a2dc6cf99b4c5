// What Agenticore relies on in Claude Code, measured on the pinned version. When an upgrade breaks one of these, the
// driver's reason for doing what it does has changed: look there before changing the test.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Script } from '../../../scripts/scripted-model/script.js';
import { eventually } from '../../support/eventually.js';
import { at, linesOf, piecesOf } from './lines.js';
import { openClaude, type RealClaude } from './real-claude.js';

const says = (text: string, more: object = {}): Script => ({ name: 'says', steps: [{ say: text, ...more }] });
const calls = (command: string, more: object = {}): Script => ({
  name: 'calls',
  steps: [{ call: [{ tool: 'Bash', input: { command, ...more } }] }, { say: 'Done.' }, { say: 'Noticed.' }],
});
const modelCalls = (claude: RealClaude) =>
  claude.model.requests.filter(({ path }) => path === '/v1/messages');

describe('facts about the CLI that Agenticore relies on', { concurrency: 2 }, () => {
  test('a slow reader gets all of it while stdin is held open', async (t) => {
    const text = `${'x'.repeat(200)} `.repeat(4000).trim();
    const claude = await openClaude(t, { scripts: [says(text)], readPauseMs: 5 });
    const lines = await claude.turn('go');
    assert.equal(piecesOf(lines, 'text_delta.text').join(''), text);
    assert.equal(lines.at(-1)?.result, text);
    assert.equal(await claude.end(), 0);
  });

  test('a request that fails shows in its turn, whatever came before', async (t) => {
    const claude = await openClaude(t, {
      scripts: [
        { ...says('', { fault: { status: 429, retry_after: 3600 } }), match: 'long retry-after' },
        { ...says('', { fault: { status: 401 } }), match: 'wrong key' },
        { ...says('One two three.', { fault: { kind: 'cut', times: 1 } }), match: 'cut stream' },
        { ...says('', { fault: { status: 400 } }), match: 'refused' },
      ],
    });
    const turn = async (text: string) => {
      const before = modelCalls(claude).length;
      const lines = await claude.turn(text);
      return { lines, end: lines.at(-1), calls: modelCalls(claude).slice(before) };
    };
    await t.test('a long retry-after fails at once', async () => {
      const { lines, end, calls } = await turn('long retry-after');
      assert.deepEqual(linesOf(lines, 'system', 'api_retry'), []);
      assert.equal(end?.api_error_status, 429);
      assert.equal(calls.length, 1);
    });
    await t.test('a wrong key is retried like an overload, with a reason that tells it apart', async () => {
      const { lines, calls } = await turn('wrong key');
      const [retry] = linesOf(lines, 'system', 'api_retry');
      assert.deepEqual([retry?.error, retry?.error_status], ['authentication_failed', 401]);
      assert.equal(calls.length, 2);
    });
    await t.test('a cut stream is asked for again whole, under another message id', async () => {
      const { lines, end, calls } = await turn('cut stream');
      const started = linesOf(lines, 'stream_event').find(
        (line) => at(line, 'event.type') === 'message_start',
      );
      const [message] = linesOf(lines, 'assistant');
      assert.notEqual(at(message, 'message.id'), at(started, 'event.message.id'));
      assert.equal(end?.result, 'One two three.');
      assert.deepEqual(
        calls.map(({ body }) => at(body, 'stream')),
        [true, undefined],
      );
    });
    await t.test('a failed turn ends with subtype success and is_error; the exit code says so', async () => {
      const { end } = await turn('refused');
      assert.deepEqual([end?.subtype, end?.is_error, end?.api_error_status], ['success', true, 400]);
      assert.equal(await claude.end(), 1);
    });
  });

  test('a leading slash is a command, and a space before it defeats that', async (t) => {
    const claude = await openClaude(t, { scripts: [says('Heard.')] });
    const command = await claude.turn('/nope now');
    assert.equal(modelCalls(claude).length, 0);
    assert.equal(command.at(-1)?.is_error, false);
    assert.match(String(command.at(-1)?.result), /Unknown command/);
    const prompt = await claude.turn(' /nope now');
    assert.equal(prompt.at(-1)?.result, 'Heard.');
  });

  test('@path attaches a local file, unless attachments are off', async (t) => {
    const mention = (env: Record<string, string>) =>
      openClaude(t, {
        scripts: [says('Heard.')],
        args: ['--tools', ''],
        env,
        prepare: (cwd) => writeFile(join(cwd, 'secret.txt'), 'the-secret-of-the-host'),
      });
    const sent = async (claude: RealClaude) => {
      await claude.turn(`what is in @${join(claude.cwd, 'secret.txt')} ?`);
      return JSON.stringify(modelCalls(claude)[0]?.body);
    };
    assert.match(await sent(await mention({})), /the-secret-of-the-host/);
    const off = await sent(await mention({ CLAUDE_CODE_DISABLE_ATTACHMENTS: '1' }));
    assert.doesNotMatch(off, /the-secret-of-the-host/);
    assert.match(off, /secret\.txt/);
  });

  test('an interrupt kills the whole tree of a sleeping tool, though it has a session of its own', async (t) => {
    // One that dies of nothing but SIGKILL, and one that has left the session. They end by themselves if this fails.
    const stubborn = "(trap '' TERM INT HUP; echo $BASHPID > a.pid; for i in {1..60}; do sleep 1; done) &";
    const departed = "setsid nohup sh -c 'echo $$ > b.pid; sleep 60' > out &";
    const claude = await openClaude(t, {
      scripts: [calls(`${stubborn} ${departed} sleep 60`), { ...says('Yes.'), match: 'still there' }],
    });
    const turn = claude.turn('go');
    const pids = await eventually('both run', async () => {
      const found = await Promise.all(
        ['a.pid', 'b.pid'].map((name) => readFile(join(claude.cwd, name), 'utf8')),
      );
      return found.every((pid) => /^\d+\n$/.test(pid)) && found.map(Number);
    });
    claude.send({ type: 'control_request', request_id: 'stop', request: { subtype: 'interrupt' } });
    const end = (await turn).at(-1);
    assert.deepEqual([end?.subtype, end?.terminal_reason], ['error_during_execution', 'aborted_tools']);
    for (const pid of pids) await eventually(`${pid} is gone`, async () => !(await isAlive(pid)));
    assert.equal((await claude.turn('still there?')).at(-1)?.result, 'Yes.');
  });

  test('the first result is not the last while a tool works in the background', async (t) => {
    const claude = await openClaude(t, {
      scripts: [calls('sleep 1; echo late', { run_in_background: true })],
    });
    assert.equal((await claude.turn('go')).at(-1)?.result, 'Done.');
    await eventually('a second result', () => linesOf(claude.lines, 'result').length === 2);
    const second = linesOf(claude.lines, 'result').at(-1);
    assert.deepEqual([second?.result, at(second, 'origin.kind')], ['Noticed.', 'task-notification']);
  });
});

/** Whether a process runs; one that nobody has waited for yet does not. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) Z /.test(stat);
}
