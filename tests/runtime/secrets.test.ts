import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSecrets } from '../../src/runtime/secrets.js';

describe('the secrets of a process', () => {
  it('count from the moment in which they are learned until nobody can use them', () => {
    let now = 0;
    const secrets = createSecrets(['given-at-start'], () => now);
    const said = 'given-at-start, minted-later, minted-last';
    assert.equal(secrets.redact(said), '[redacted], minted-later, minted-last');
    secrets.learn('minted-later', 60);
    assert.deepEqual([...secrets.spellings()].sort(), ['given-at-start', 'minted-later']);
    assert.equal(secrets.redact(said), '[redacted], [redacted], minted-last');
    const flow = secrets.openFlow();
    assert.equal(flow.push('it is minted-la') + flow.push('ter.') + flow.flush(), 'it is [redacted].');
    now = 60;
    secrets.learn('minted-last', 120);
    assert.equal(secrets.redact(said), '[redacted], minted-later, [redacted]');
  });

  it('are taken out of a task only when they are certain to be some', () => {
    const { redact, redactTask } = createSecrets(['given-at-start']);
    const task = 'Use given-at-start or ghp_0123456789abcdefghij with Bearer authentication.';
    assert.equal(redactTask(task), 'Use [redacted] or [redacted] with Bearer authentication.');
    assert.notEqual(redact(task), redactTask(task));
  });
});
