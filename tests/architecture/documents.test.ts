// What the documents point at is there: a link that leads nowhere, or a proof that was renamed, is a sentence that lies.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { before, describe, it } from 'node:test';
import { packagePath } from '../../src/runtime/package-root.js';

/** Folders whose Markdown is ours. */
const PLACES = ['.', 'docs', 'docs/decisions'];

interface Document {
  readonly path: string;
  readonly text: string;
}

describe('the documents', () => {
  let documents: readonly Document[];
  before(async () => {
    const found = PLACES.map(async (place) =>
      (await namesIn(place)).filter((name) => name.endsWith('.md')).map((name) => join(place, name)),
    );
    documents = await Promise.all(
      (await Promise.all(found))
        .flat()
        .map(async (path) => ({ path, text: await readFile(packagePath(path), 'utf8') })),
    );
  });

  it('link only to files that are there', async () => {
    const links = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = '']) => ({
        path,
        target: normalize(join(dirname(path), target)),
      })),
    );
    const broken: string[] = [];
    for (const { path, target } of links) {
      const names = await namesIn(dirname(target));
      const name = target.replace(/\/$/, '').split('/').at(-1) ?? '';
      if (!names.includes(name)) broken.push(`${path} -> ${target}`);
    }
    assert.deepEqual(broken, []);
    assert.ok(links.length > 20);
  });

  it('name only proofs that are there', async () => {
    const text = documents.find(({ path }) => path === 'docs/what-if.md')?.text ?? '';
    const proofs = new Set([...text.matchAll(/`(tests\/[^`]+)`/g)].map(([, proof = '']) => proof));
    const missing: string[] = [];
    for (const proof of proofs) {
      const last = proof.split('/').at(-1) ?? '';
      const names = await namesIn(dirname(proof));
      if (!names.some((name) => name === last || name.startsWith(`${last}.`))) missing.push(proof);
    }
    assert.deepEqual(missing, []);
    assert.ok(proofs.size > 20);
  });

  it('name the tests of SECURITY.md as they are called', async () => {
    const text = documents.find(({ path }) => path === 'SECURITY.md')?.text ?? '';
    const proofs = [...text.matchAll(/`(tests\/[^`]+)`: ((?:\*[^*]+\*(?:, )?)+)/g)];
    const missing: string[] = [];
    for (const [, file = '', names = ''] of proofs) {
      const source = await readFile(packagePath(file), 'utf8').catch(() => '');
      for (const [, name = ''] of names.matchAll(/\*([^*]+)\*/g))
        if (!source.includes(name)) missing.push(`${file}: ${name}`);
    }
    assert.deepEqual(missing, []);
    assert.ok(proofs.length > 20);
  });

  it('number the decisions without a gap, each once', async () => {
    const numbers = (await namesIn('docs/decisions'))
      .map((name) => Number(name.slice(0, 4)))
      .sort((a, b) => a - b);
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => at + 1),
    );
  });

  it('tell the architecture in 90 lines', () => {
    const text = documents.find(({ path }) => path === 'docs/architecture.md')?.text ?? '';
    assert.ok(text.trimEnd().split('\n').length <= 90);
  });
});

const namesIn = (place: string): Promise<readonly string[]> => readdir(packagePath(place)).catch(() => []);
