// What claude itself can do wrong, seen from outside. A stand-in misbehaves where the real one cannot be made to.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Fleet, startFleet } from './fleet.js';
import type { BusName } from './surrounded-server.js';

const FAKE = fileURLToPath(new URL('../support/fake-claude.js', import.meta.url));

/** Runs `use` with a server whose claude misbehaves in `way`. */
async function withClaude(bus: BusName, way: string, use: (fleet: Fleet) => Promise<void>): Promise<void> {
  const binary = join(folder, way.replaceAll(' ', '-'));
  await writeFile(binary, `#!/bin/sh\nexec '${process.execPath}' '${FAKE}' ${way} "$@"\n`);
  await chmod(binary, 0o755);
  const fleet = await startFleet(bus, [], { AGENTICORE_CLAUDE_BINARY: binary });
  try {
    await use(fleet);
  } finally {
    await fleet.close();
  }
}

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agenticore-e2e-claude-'));
});
after(() => rm(folder, { recursive: true, force: true }));

for (const bus of ['file', 'redis'] as const) {
  describe(`a tool result of 20 MB on the ${bus} bus`, () => {
    it('is a preview in the feed, whole at its address, and whole in the transcript', async () => {
      await withClaude(bus, 'long-line 20', async (fleet) => {
        const { id } = await fleet.submit({ task: 'say much' });
        const job = await fleet.ended(id);
        assert.deepEqual([job.status, job.output], ['succeeded', 'long'], JSON.stringify(job));
        const frame = (await fleet.feed(id)).find((candidate) => candidate.event === 'user');
        assert.ok(frame, 'the message is in the feed');
        const { preview, bytes, sha256, href } = frame.data;
        assert.ok(Number(bytes) > 20 * 1024 * 1024);
        assert.ok(JSON.stringify(frame.data).length <= 64 * 1024, 'the frame is small');
        assert.match(String(preview), /xxx/);
        const whole = await (await fetch(`${fleet.url}${href}`)).text();
        assert.equal(createHash('sha256').update(whole).digest('hex'), sha256);
        assert.equal(JSON.parse(whole).message.message.content.length, 20 * 1024 * 1024);
        const transcript = await (await fetch(`${fleet.url}/jobs/${id}/output?format=jsonl`)).text();
        assert.ok(transcript.includes(whole), 'the transcript has it whole');
      });
    });
  });
}

describe('a claude that exits 0 with an error result', () => {
  it('fails the job with what the result says', () =>
    withClaude('file', 'error-with-exit-0', async (fleet) => {
      const { id } = await fleet.submit({ task: 'whatever' });
      const job = await fleet.ended(id);
      assert.deepEqual([job.status, job.exit_code], ['failed', 0]);
      assert.match(String(job.error), /teapot/);
    }));
});

describe('a claude that cannot be started', () => {
  it('fails the job at once and says how to mend it', () =>
    withClaude('file', 'crash', async (fleet) => {
      await rm(join(folder, 'crash'));
      const { id } = await fleet.submit({ task: 'whatever' });
      const job = await fleet.ended(id);
      assert.deepEqual([job.status, job.code], ['failed', 'AGENTICORE_CLAUDE_NOT_FOUND']);
      assert.match(String(job.error), /doctor|AGENTICORE_CLAUDE_BINARY/);
    }));
});
