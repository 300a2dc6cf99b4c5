import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { readSources, type Source } from './sources.js';

/**
 * Room -> rooms it may import from, besides itself. `adapters/x` is each adapter's own folder; only the machine itself,
 * `adapters/host`, is known to all of them.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  ports: ['domain'],
  app: ['domain', 'ports'],
  adapters: ['domain', 'ports'],
  surfaces: ['app', 'domain', 'ports', 'runtime/schema.ts'],
  runtime: ['domain/errors.ts', 'ports/log.ts'],
  roles: ['domain', 'ports', 'app', 'adapters', 'surfaces', 'runtime'],
  'main.ts': ['roles', 'surfaces/cli', 'runtime/config'],
};

/** Library -> the only places that may import it. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  ioredis: ['adapters/redis/'],
  express: ['surfaces/http/', 'surfaces/rest/'],
  ajv: ['runtime/'],
  pino: ['runtime/'],
  yaml: ['runtime/', 'adapters/profile-files/'],
  yargs: ['surfaces/cli/', 'main.ts'],
  picocolors: ['surfaces/cli/', 'runtime/log'],
  'eventsource-parser': ['surfaces/cli/'],
};

/** Rooms that may use node's built-ins; the law and the workshop stay free of them. */
const NODE_ROOMS = ['adapters', 'surfaces', 'runtime', 'roles', 'main.ts'];

const HOST = 'adapters/host';

const roomOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : path);
const adapterOf = (path: string): string => path.split('/').slice(0, 2).join('/');

describe('the arrows of src', () => {
  let sources: readonly Source[] = [];
  before(async () => {
    sources = await readSources('src');
    assert.ok(sources.length > 50, 'the sources were found');
  });

  it('every file lies in a known room', () => {
    assert.deepEqual(
      sources.map((source) => source.path).filter((path) => !(roomOf(path) in ARROWS)),
      [],
    );
  });

  it('each room imports only what the picture allows', () => {
    const wrong = sources.flatMap((source) =>
      source.files.filter((file) => !mayImport(source.path, file)).map((file) => `${source.path} -> ${file}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('sibling adapters never import each other, but for the host', () => {
    const wrong = sources.flatMap((source) =>
      source.files
        .filter((file) => roomOf(source.path) === 'adapters' && roomOf(file) === 'adapters')
        .filter((file) => ![adapterOf(source.path), HOST].includes(adapterOf(file)))
        .map((file) => `${source.path} -> ${file}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('imports form no cycle', () => {
    assert.deepEqual(findCycle(sources), []);
  });

  it('each library stays in its room', () => {
    const wrong = sources.flatMap((source) =>
      source.packages
        .filter((name) => !name.startsWith('node:'))
        .filter((name) => !(LIBRARIES[name] ?? []).some((place) => source.path.startsWith(place)))
        .map((name) => `${source.path} -> ${name}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('law, ports and workshop import nothing of node', () => {
    const wrong = sources
      .filter((source) => !NODE_ROOMS.includes(roomOf(source.path)))
      .filter((source) => source.packages.some((name) => name.startsWith('node:')));
    assert.deepEqual(
      wrong.map((source) => source.path),
      [],
    );
  });

  it('only runtime/config reads process.env', () => {
    const readers = sources.filter((source) => /process\.env\b/.test(withoutComments(source.text)));
    assert.deepEqual(
      readers.map((source) => source.path).filter((path) => !path.startsWith('runtime/config/')),
      [],
    );
  });

  it('has no barrels and no files that need a scroll bar', () => {
    assert.deepEqual(
      sources.filter((source) => source.path.endsWith('index.ts')).map((source) => source.path),
      [],
    );
    const long = sources.filter((source) => source.text.split('\n').length > 280);
    assert.deepEqual(
      long.map((source) => source.path),
      [],
    );
  });
});

function mayImport(from: string, to: string): boolean {
  const room = roomOf(from);
  if (roomOf(to) === room) return true;
  return (ARROWS[room] ?? []).some(
    (allowed) =>
      to === allowed || to.startsWith(`${allowed.replace(/\.ts$/, '')}/`) || to.startsWith(`${allowed}.`),
  );
}

/** The first import cycle found, as the path around it; empty when there is none. */
function findCycle(sources: readonly Source[]): readonly string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const file of byPath.get(path)?.files ?? []) {
      const cycle = visit(file, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const source of sources) {
    const cycle = visit(source.path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
