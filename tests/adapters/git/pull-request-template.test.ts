import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openRoom } from './bench-room.js';

it("a repository's template for pull requests is read from the base, where code hosts look, and no link is followed", async (t) => {
  const { remote, open } = await openRoom(t);
  let n = 0;
  const templateOf = async (files: Parameters<typeof remote.commit>[0]): Promise<string | undefined> => {
    remote.commit(files, { message: `Change ${++n}` });
    const bench = await open({ jobId: `0b5e1c1e-0000-4000-8000-00000000000${n}` });
    try {
      return await bench.pullRequestTemplate();
    } finally {
      await bench.close();
    }
  };
  assert.equal(await templateOf({ 'pull_request_template.rst': 'No.' }), undefined);
  assert.equal(await templateOf({ '.github/PULL_REQUEST_TEMPLATE.md': { link: '/etc/passwd' } }), undefined);
  assert.equal(await templateOf({ 'docs/Pull_Request_Template.md': 'In docs.\n' }), 'In docs.');
  assert.equal(await templateOf({ PULL_REQUEST_TEMPLATE: 'On top.' }), 'On top.');
  assert.equal(await templateOf({ '.github/pull_request_template.txt': 'Über uns.' }), 'Über uns.');
});
