// What only the file bus promises of conversations: a line that was cut short costs nothing that was acknowledged, and the
// file does not grow for ever.
import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openValueFile } from '../../../src/adapters/file/disk/value-file.js';
import { openFileBus, readFileBus } from '../../../src/adapters/file/open-file-bus.js';
import { isCode } from '../../../src/domain/errors.js';
import { TEXT_ONLY } from '../../../src/domain/visibility.js';
import { carryOut, startTurn, submit } from '../../support/ledger.js';
import { tempDir } from '../../support/temp-dir.js';

const LONG_MS = 600_000;
const CONVERSATION = { sessionId: 's', head: 'h', setup: 's', worker: 'w', thread: 't' };
const open = (home: string) => openFileBus({ home, leaseMs: LONG_MS });
const quiet = (): void => {};

describe('conversations on files', () => {
  test('a line that was cut short is left out and written over', async (t) => {
    const home = await tempDir(t);
    const path = join(home, 'bus', 'conversations.jsonl');
    let bus = await open(home);
    await bus.conversations.save('a', CONVERSATION, LONG_MS);
    await bus.conversations.save('b', CONVERSATION, LONG_MS);
    await bus.close();
    await truncate(path, (await readFile(path)).length - 3);
    bus = await open(home);
    assert.deepEqual(
      [await bus.conversations.find('a'), await bus.conversations.find('b')],
      [CONVERSATION, undefined],
    );
    await bus.conversations.save('c', CONVERSATION, LONG_MS);
    await bus.close();
    bus = await open(home);
    assert.deepEqual(await bus.conversations.find('a'), CONVERSATION);
    assert.deepEqual(await bus.conversations.find('c'), CONVERSATION);
    await bus.close();
  });

  test('a damaged line is said, and costs only itself', async (t) => {
    const path = join(await tempDir(t), 'values.jsonl');
    await writeFile(path, '{"kind":"k","id":"a","value":1}\nrubbish\n[]\n{"kind":"k","id":"b","value":2}\n');
    const said: unknown[] = [];
    const file = await openValueFile(path, Date.now, (msg, fields) => said.push([msg, fields?.line]));
    assert.deepEqual([file.get('k', 'a'), file.get('k', 'b')], [1, 2]);
    assert.deepEqual(said, [
      ['bus.value_unreadable', 2],
      ['bus.value_unreadable', 3],
    ]);
  });

  test('what was replaced, forgotten or outlived goes, and nothing else', async (t) => {
    const folder = await tempDir(t);
    const path = join(folder, 'values.jsonl');
    let now = 1000;
    let file = await openValueFile(path, () => now, quiet);
    await file.put({ kind: 'k', id: 'stays', value: 'for good' });
    await file.put({ kind: 'k', id: 'brief', value: 1, until: 1001 });
    await file.put({ kind: 'k', id: 'forgotten', value: 1 });
    await file.put({ kind: 'k', id: 'forgotten' });
    now = 2000;
    for (let nth = 0; nth < 1500; nth += 1) await file.put({ kind: 'k', id: 'busy', value: nth });
    assert.ok((await readFile(path, 'utf8')).split('\n').length < 1000);
    assert.deepEqual(await readdir(folder), ['values.jsonl']);
    for (const reopened of [false, true]) {
      if (reopened) file = await openValueFile(path, () => now, quiet);
      const found = ['stays', 'brief', 'forgotten', 'busy'].map((id) => file.get('k', id));
      assert.deepEqual(found, ['for good', undefined, undefined, 1499]);
      await file.close();
    }
    assert.doesNotMatch(await readFile(path, 'utf8'), /brief|forgotten/);
  });

  test('a file that cannot be written to refuses, and what was known stays', async (t) => {
    const folder = join(await tempDir(t), 'there');
    await mkdir(folder);
    const file = await openValueFile(join(folder, 'values.jsonl'), Date.now, quiet);
    await file.put({ kind: 'k', id: 'a', value: 1 });
    await file.close();
    await rm(folder, { recursive: true });
    await assert.rejects(file.put({ kind: 'k', id: 'a', value: 2 }), (error) =>
      isCode(error, 'BUS_UNREACHABLE'),
    );
    assert.equal(file.get('k', 'a'), 1);
  });

  test('they are read beside the process that has them, and written by that one alone', async (t) => {
    const home = await tempDir(t);
    const bus = await open(home);
    await bus.conversations.setVisibility('agent', TEXT_ONLY);
    const reader = await readFileBus({ home, leaseMs: LONG_MS });
    assert.deepEqual(await reader.conversations.visibility('agent'), TEXT_ONLY);
    await assert.rejects(reader.conversations.forget('a'), (error) => isCode(error, 'BUS_LOCKED'));
    await bus.close();
    await assert.rejects(bus.conversations.takeTurn('c', 'j', 1), (error) =>
      isCode(error, 'BUS_UNREACHABLE'),
    );
  });
});

describe('turns on files', () => {
  test('direct turns of a process that is gone have lapsed for the next one at once', async (t) => {
    const home = await tempDir(t);
    let bus = await open(home);
    const [first, second] = [await startTurn(bus.events), await startTurn(bus.events)];
    assert.deepEqual(await bus.queue.lapsedDirect(9), []);
    await bus.close();
    bus = await open(home);
    const lapsed = await bus.queue.lapsedDirect(9);
    assert.deepEqual(lapsed.map(({ jobId }) => jobId).sort(), [first, second].sort());
    assert.deepEqual(await bus.custody.lanes(), []);
    await bus.close();
  });

  test('a turn of which only the request reached the disk was never there', async (t) => {
    const home = await tempDir(t);
    let bus = await open(home);
    const jobId = await submit(bus.events, { kind: 'turn', request: '{"prompt":[]}' });
    await bus.close();
    const folder = join(home, 'bus', 'jobs', jobId);
    await rm(join(folder, 'ledger.jsonl'));
    await appendFile(join(folder, 'request.json'), '');
    const said: string[] = [];
    bus = await openFileBus({ home, leaseMs: LONG_MS, log: (msg) => said.push(msg) });
    assert.equal(await bus.events.load(jobId), undefined);
    assert.deepEqual(said, []);
    assert.deepEqual(await readdir(join(home, 'bus', 'jobs')), []);
    await bus.close();
  });

  test('the request is off the disk when its turn has ended', async (t) => {
    const home = await tempDir(t);
    const bus = await open(home);
    const jobId = await submit(bus.events, { kind: 'turn', request: '{}' });
    const folder = join(home, 'bus', 'jobs', jobId);
    assert.ok((await readdir(folder)).includes('request.json'));
    await carryOut(bus.events, jobId, { type: 'RequestCancel', by: 'x' });
    assert.ok(!(await readdir(folder)).includes('request.json'));
    await bus.close();
  });
});
