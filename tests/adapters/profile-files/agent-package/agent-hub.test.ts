import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createHubSource } from '../../../../src/adapters/profile-files/agent-package/agent-hub.js';
import { createDirectorySource } from '../../../../src/adapters/profile-files/agent-package/package-directory.js';
import type { AgentPackage } from '../../../../src/ports/packages.js';
import { tempDir } from '../../../support/temp-dir.js';
import { type Files, writeFiles } from '../profile-kit.js';
import { openFiles } from './package-kit.js';

const HUB: Files = {
  'agents/support/package/CLAUDE.md': '# Support',
  'agents/support/agent.yml': 'description: Helps customers.\nclaude: { model: opus }\n',
  'agents/sales/package/system.md': 'Sell.',
  'agents/sales/package/agent.yml': 'name: seller\n',
  'agents/draft/README.md': 'no package yet',
  'aliases.yaml': 'help: support\nold-name: gone\n',
};

async function hubOf(t: Parameters<typeof openFiles>[0], files: Files = HUB) {
  const root = await tempDir(t);
  await writeFiles(join(root, 'hub'), files);
  const open = async (agent: string): Promise<AgentPackage> => {
    const source = createHubSource(createDirectorySource(join(root, 'hub')), agent);
    return (await openFiles(t, {}, { source })).store.current();
  };
  const refusal = (agent: string): Promise<string> =>
    open(agent).then(
      () => 'accepted',
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'BROKEN_PACKAGE', String(error));
        return error.message;
      },
    );
  return { root: join(root, 'hub'), open, refusal };
}

describe('a hub of agents', () => {
  it('gives an agent by its name, its own word for it, or an alias', async (t) => {
    const { open } = await hubOf(t);
    const support = await open('support');
    assert.deepEqual(
      [support.name, support.description, support.model],
      ['support', 'Helps customers.', 'opus'],
    );
    assert.deepEqual([(await open('help')).name, (await open('sales')).name], ['support', 'seller']);
  });

  it('says which agents it has when it is asked for another one', async (t) => {
    const { refusal } = await hubOf(t);
    const has = 'it has sales, support, help (support), old-name (gone)';
    assert.equal(
      await refusal('suport'),
      `The package of suport cannot be used: the hub has no agent "suport"; ${has}.`,
    );
    assert.match(
      await refusal('old-name'),
      /no agent "old-name", which aliases\.yaml says is "gone"; it has sales/,
    );
    assert.match(await refusal('draft'), /no agent "draft"; it has sales, support/);
    const { refusal: ofNone } = await hubOf(t, { 'README.md': '' });
    assert.match(await ofNone('support'), /it has none\.$/);
  });

  it('never leaves its folder, whatever a name or a link says', async (t) => {
    const { root, refusal } = await hubOf(t, { ...HUB, 'aliases.yaml': 'up: ../../elsewhere\n' });
    await writeFiles(join(root, '..'), { 'elsewhere/package/CLAUDE.md': 'not of the hub' });
    await mkdir(join(root, 'agents/linked'));
    await symlink(join(root, '../elsewhere/package'), join(root, 'agents/linked/package'));
    for (const name of ['../../elsewhere', '..', '.', '', 'up', 'linked', 'support/../sales'])
      assert.match(await refusal(name), /the hub has no agent/, name);
  });

  it('names what is wrong in it by its place in the hub', async (t) => {
    const { refusal } = await hubOf(t, {
      ...HUB,
      'agents/sales/package/profile.yml': 'claude:\n  max_turns: 0\n',
      'agents/support/agent.yml': 'model: opus\n',
    });
    assert.match(
      await refusal('sales'),
      /: \S*agents\/sales\/package\/profile\.yml:2: claude\.max_turns must be/,
    );
    assert.match(await refusal('support'), /agents\/support\/agent\.yml:1: model is not known/);
  });

  it('with aliases that are none is broken', async (t) => {
    const { refusal } = await hubOf(t, { ...HUB, 'aliases.yaml': '- a\n' });
    assert.match(await refusal('support'), /aliases\.yaml must be a map of other names to names of agents/);
    const { refusal: torn } = await hubOf(t, { ...HUB, 'aliases.yaml': 'a: [\n' });
    assert.match(await torn('support'), /aliases\.yaml is not valid YAML/);
  });
});
