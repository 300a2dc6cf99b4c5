// Script files are written by hand: what is wrong in one must be said before any model call, and where.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadScripts, parseScripts } from '../../../scripts/scripted-model/load-scripts.js';
import { isRecord } from '../../../scripts/scripted-model/request.js';
import schema from '../../../scripts/scripted-model/script.schema.json' with { type: 'json' };
import { tempDir } from '../../support/temp-dir.js';

const sound = `
name: fix-the-test
match: "/make (?<what>\\\\w+) pass/i"
pace: 20
steps:
  - think: I look at {{capture.what}} in {{cwd}}.
    call: [{ tool: Bash, input: { command: "ls" } }]
  - either:
      - when: { tool_result: /FAIL/ }
        say: "It says {{result}} and {{result.1}}."
      - say: "Nothing to do, {{prompt}}."
  - fault: { status: 429, retry_after: 3600, times: 1 }
    say: Done.
`;

test('a sound script is read as it stands', () => {
  const [script] = parseScripts(sound, 'sound.yaml');
  assert.equal(script?.name, 'fix-the-test');
  assert.equal(script?.match, '/make (?<what>\\w+) pass/i');
  assert.equal(script?.steps.length, 3);
  assert.equal(script?.steps[1]?.either?.[0]?.when?.tool_result, '/FAIL/');
});

test('a folder is read in the order of its file names, several scripts to a file', async (t) => {
  const folder = await tempDir(t);
  await writeFile(join(folder, 'b.yml'), 'name: three\nsteps: [{ say: c }]\n');
  await writeFile(
    join(folder, 'a.yaml'),
    'name: one\nsteps: [{ say: a }]\n---\nname: two\nsteps: [{ say: b }]\n',
  );
  await writeFile(join(folder, 'notes.txt'), 'not a script');
  assert.deepEqual(
    loadScripts(folder).map(({ name }) => name),
    ['one', 'two', 'three'],
  );
});

test('an empty folder, a missing file and two scripts of one name are refused', async (t) => {
  const folder = await tempDir(t);
  assert.throws(() => loadScripts(folder), /no scripts found/);
  assert.throws(() => loadScripts(join(folder, 'missing.yaml')), /missing\.yaml/);
  await writeFile(
    join(folder, 'a.yaml'),
    'name: one\nsteps: [{ say: a }]\n---\nname: one\nsteps: [{ say: b }]\n',
  );
  assert.throws(() => loadScripts(folder), /two scripts are named "one"/);
});

const mistakes: readonly (readonly [what: string, yaml: string, message: RegExp])[] = [
  ['broken YAML', 'name: [', /bad\.yaml: .*line 1/s],
  ['a text instead of a script', 'hello', /the script must be object/],
  ['no steps', 'name: a', /must have required property 'steps'/],
  [
    'a misspelt key',
    'name: a\nsteps: [{ sya: hello }]',
    /steps\.0 must NOT have additional properties \(sya\)/,
  ],
  [
    'an unknown fault',
    'name: a\nsteps: [{ fault: { kind: rain } }]',
    /fault\.kind must be equal to one of .*garbage/,
  ],
  [
    'a fault of two minds',
    'name: a\nsteps: [{ fault: { kind: cut, status: 500 } }]',
    /either a `status` or a `kind`/,
  ],
  ['a fault of none', 'name: a\nsteps: [{ fault: { times: 2 } }]', /either a `status` or a `kind`/],
  [
    'a status for a silence',
    'name: a\nsteps: [{ fault: { kind: silence, retry_after: 1 } }]',
    /cannot have retry_after/,
  ],
  [
    'a place for a silence',
    'name: a\nsteps: [{ fault: { kind: silence, at: mid_block } }]',
    /only a cut has `at`/,
  ],
  ['an empty step', 'name: a\nsteps: [{ pace: 2 }]', /step 1: nothing to think, say or call/],
  [
    'nothing after a fault',
    'name: a\nsteps: [{ fault: { status: 500, times: 1 } }]',
    /step 1: nothing to think/,
  ],
  ['a broken expression', 'name: a\nmatch: "/(/"\nsteps: [{ say: b }]', /match: Invalid regular expression/],
  [
    'a broken condition',
    'name: a\nsteps: [{ either: [{ when: { tool_result: "/[/" }, say: b }] }]',
    /step 1, alternative 1: when: Invalid/,
  ],
  [
    'company for either',
    'name: a\nsteps: [{ say: b, either: [{ say: c }] }]',
    /nothing can stand beside `either`/,
  ],
  [
    'an unknown slot',
    'name: a\nsteps: [{ call: [{ tool: B, input: { c: ["{{reslt}}"] } }] }]',
    /\{\{reslt\}\} is unknown/,
  ],
  [
    'an unknown capture',
    'name: a\nmatch: "/(?<b>.)/"\nsteps: [{ say: "{{capture.c}}" }]',
    /\{\{capture\.c\}\} is unknown/,
  ],
];

for (const [what, yaml, message] of mistakes) {
  test(`${what} is refused, with its place`, () => {
    assert.throws(() => parseScripts(yaml, 'bad.yaml'), message);
  });
}

test('every mistake of a script is told at once', () => {
  assert.throws(
    () => parseScripts('steps: [{ say: 1 }]\nfoo: 2', 'bad.yaml'),
    (error: Error) =>
      /name/.test(error.message) && /foo/.test(error.message) && /steps\.0\.say/.test(error.message),
  );
});

test('every script in the documentation is sound, and every key is in its reference', async () => {
  const root = findPackageRoot(dirname(fileURLToPath(import.meta.url)));
  const page = await readFile(join(root, 'docs/scripted-model.md'), 'utf8');
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml ?? '');
  assert.equal(examples.length, 2);
  for (const [nth, yaml] of examples.entries())
    assert.ok(parseScripts(yaml, `docs/scripted-model.md, example ${nth + 1}`).length > 0);
  for (const key of new Set(keysOf(schema)))
    assert.ok(page.includes(`\`${key}\``), `${key} is not documented`);
});

/** Every property and every allowed value that the schema of scripts names. */
function keysOf(part: unknown): readonly string[] {
  if (Array.isArray(part)) return part.flatMap(keysOf);
  if (!isRecord(part)) return [];
  const named = isRecord(part.properties) ? Object.keys(part.properties) : [];
  const allowed = Array.isArray(part.enum) ? part.enum.map(String) : [];
  return [...named, ...allowed, ...Object.values(part).flatMap(keysOf)];
}

function findPackageRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findPackageRoot(dirname(folder));
}
