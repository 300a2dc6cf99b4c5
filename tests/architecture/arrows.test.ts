// Keeps the picture of docs/architecture.md: which room may know which, and which library lives where.
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
  surfaces: ['app', 'domain', 'ports'],
  runtime: ['domain/errors.ts', 'domain/metrics.ts', 'ports/log.ts', 'ports/meter.ts'],
  roles: ['domain', 'ports', 'app', 'adapters', 'surfaces', 'runtime'],
  'main.ts': ['roles', 'surfaces/cli', 'runtime/config'],
};

/** Library -> the only places that may import it. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  ioredis: ['adapters/redis/'],
  express: [
    'surfaces/http/',
    'surfaces/rest/',
    'surfaces/openai/',
    'surfaces/completions/',
    'surfaces/oauth/',
    'surfaces/openapi/',
    'surfaces/mcp/http/',
  ],
  ajv: ['runtime/ajv.ts', 'runtime/schema.ts', 'runtime/schema-problems.ts'],
  pino: ['runtime/log.ts'],
  yaml: ['runtime/config/', 'adapters/profile-files/'],
  yargs: ['surfaces/cli/'],
  picocolors: ['surfaces/cli/', 'runtime/log-line.ts'],
  'eventsource-parser': ['surfaces/cli/'],
  '@octokit/rest': ['adapters/github/'],
  '@octokit/auth-app': ['adapters/github/'],
  '@octokit/plugin-retry': ['adapters/github/'],
  '@octokit/plugin-throttling': ['adapters/github/'],
  undici: ['adapters/github/'],
  '@modelcontextprotocol/sdk': ['surfaces/mcp/', 'surfaces/oauth/'],
  '@secretlint/secretlint-rule-preset-recommend': ['adapters/secret-scan/'],
  '@secretlint/types': ['adapters/secret-scan/'],
  picomatch: ['adapters/globs/'],
  '@opentelemetry/api': ['runtime/telemetry/'],
  '@opentelemetry/sdk-metrics': ['runtime/telemetry/'],
  '@opentelemetry/exporter-prometheus': ['runtime/telemetry/'],
  helmet: ['surfaces/http/'],
  'ipaddr.js': ['adapters/outbound/', 'surfaces/http/'],
};

/** Rooms that may use node's built-ins; the law and the workshop stay free of them. */
const NODE_ROOMS = ['adapters', 'surfaces', 'runtime', 'roles', 'main.ts'];

/** Built-in that reaches out of the process -> the only places that may import it. */
const BUILT_INS: Readonly<Record<string, readonly string[]>> = {
  'node:child_process': [
    'adapters/claude/',
    'adapters/git/',
    'adapters/host/',
    'roles/doctor/',
    'roles/edit-text.ts',
  ],
  'node:fs': ['adapters/', 'runtime/', 'roles/', 'surfaces/cli/'],
  'node:fs/promises': ['adapters/', 'runtime/', 'roles/', 'surfaces/cli/'],
  'node:http': ['surfaces/http/', 'adapters/outbound/'],
  'node:net': ['surfaces/http/', 'roles/doctor/', 'adapters/host/attempt/guard.ts', 'adapters/outbound/'],
  'node:https': ['adapters/outbound/'],
  'node:dns/promises': ['adapters/outbound/'],
  'node:http2': [],
  'node:tls': ['adapters/github/'],
  'node:dgram': [],
  'node:cluster': [],
  'node:worker_threads': [],
};

/** The counters that share one protocol; the command line knows the server over the wire only. */
const OVER_THE_WIRE = [
  'surfaces/http',
  'surfaces/rest',
  'surfaces/openai',
  'surfaces/completions',
  'surfaces/oauth',
  'surfaces/openapi',
  'surfaces/mcp',
];
/** What both sides of the wire know: how jobs, events and frames are written on it. */
const THE_WIRE = 'surfaces/wire/';

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

  it('the command line and the HTTP counter do not know each other', () => {
    const isServer = (path: string): boolean => OVER_THE_WIRE.some((place) => path.startsWith(`${place}/`));
    const wrong = sources.flatMap((source) =>
      source.files
        .filter((file) => roomOf(source.path) === 'surfaces' && roomOf(file) === 'surfaces')
        .filter((file) => !file.startsWith(THE_WIRE) && isServer(file) !== isServer(source.path))
        .map((file) => `${source.path} -> ${file}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('processes, files and sockets are touched only where that is the work', () => {
    const wrong = sources.flatMap((source) =>
      source.packages
        .filter((name) => BUILT_INS[name]?.every((place) => !source.path.startsWith(place)))
        .map((name) => `${source.path} -> ${name}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('ports are interfaces and nothing that runs', () => {
    const wrong = sources
      .filter((source) => roomOf(source.path) === 'ports')
      .filter((source) => /^export (?!type\b|interface\b)/m.test(source.text));
    assert.deepEqual(
      wrong.map((source) => source.path),
      [],
    );
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

  it('each file says at its head why it exists', () => {
    const silent = sources.filter((source) => !/^(#!.*\n)?\/\/ \S/.test(source.text));
    assert.deepEqual(
      silent.map((source) => source.path),
      [],
    );
  });

  it('has no barrels and no files that need a scroll bar', () => {
    assert.deepEqual(
      sources.filter((source) => source.path.endsWith('index.ts')).map((source) => source.path),
      [],
    );
    const long = sources.filter((source) => source.text.split('\n').length > 251);
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
