import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { nearestName } from '../../src/runtime/nearest-name.js';
import { packagePath } from '../../src/runtime/package-root.js';
import { checkOf, compileSchema, readSchema } from '../../src/runtime/schema.js';
import { sayAllowed } from '../../src/runtime/schema-sentences.js';

describe('a compiled schema', () => {
  const check = compileSchema('config');

  it('has nothing to say about a value that fits', () => {
    assert.deepEqual(check({}), []);
    assert.deepEqual(check({ server: { port: 0, roles: ['worker'] } }), []);
  });

  it('names every problem with its path and what is allowed', () => {
    const details = check({
      server: { port: 'x', roles: ['cook', 'worker'], api_keys: 'k' },
      log: { level: 'loud' },
      home: '',
    });
    assert.deepEqual(
      [...details].sort((a, b) => a.path.localeCompare(b.path)),
      [
        { path: 'home', message: 'must be a text that is not empty, not ""' },
        { path: 'log.level', message: 'must be one of debug, info, warn, error, silent, not "loud"' },
        {
          path: 'server.api_keys',
          message: 'must be a list of items that are each a text that is not empty',
        },
        { path: 'server.port', message: 'must be an integer from 0 to 65535, not "x"' },
        { path: 'server.roles[0]', message: 'must be one of all, ingress, worker, gateway, not "cook"' },
      ],
    );
  });

  it('names the nearest known field for an unknown one, else all known ones', () => {
    assert.deepEqual(check({ server: { prot: 1 }, redis: { cluster: true } }), [
      { path: 'server.prot', message: 'is not known; did you mean port?' },
      { path: 'redis.cluster', message: 'is not known; known here: url, key_prefix' },
    ]);
  });

  it('refuses values of a wrong kind altogether', () => {
    assert.deepEqual(check('text'), [{ path: '', message: 'must be a map of names to values, not "text"' }]);
    assert.deepEqual(check({ server: [] }), [
      { path: 'server', message: 'must be a map of names to values, not a list' },
    ]);
  });

  it('never repeats the value of a secret', () => {
    const details = check({ redis: { url: 'hunter2-hunter2' }, client: { api_key: 7_654_321 } });
    assert.equal(details.length, 2);
    assert.doesNotMatch(JSON.stringify(details), /hunter2|7654321/);
  });

  it('is compiled once', () => {
    assert.equal(compileSchema('config'), check);
  });
});

describe('the schemas of this package', () => {
  const names = readdirSync(packagePath('schemas')).flatMap(
    (file) => /^(.*)\.schema\.json$/.exec(file)?.[1] ?? [],
  );
  for (const name of names) {
    // No process does it at its start.
    it(`${name} keeps the standard, and compiles`, () => {
      const ajv = new Ajv2020();
      assert.ok(ajv.validateSchema(readSchema(name)), ajv.errorsText());
      checkOf(readSchema(name));
    });
  }
});

describe('sentences about schemas', () => {
  const cases: readonly (readonly [Parameters<typeof sayAllowed>[0], string])[] = [
    [{ type: 'integer', minimum: 1 }, 'an integer of at least 1'],
    [{ type: 'number', exclusiveMinimum: 0 }, 'a number greater than 0'],
    [{ type: ['string', 'null'] }, 'a text or null'],
    [{ type: 'string', minLength: 1, maxLength: 9 }, 'a text of 1 to 9 characters'],
    [{ anyOf: [{ type: 'boolean' }, { enum: ['a', 'b'] }, { const: 3 }] }, 'true or false, one of a, b or 3'],
    [{ type: 'string', pattern: '^a', $comment: 'beginning with a' }, 'a text (beginning with a)'],
  ];
  for (const [schema, sentence] of cases) {
    it(`says ${sentence}`, () => assert.equal(sayAllowed(schema), sentence));
  }
});

describe('the nearest name', () => {
  it('is the one with the fewest slips, or none when nothing is like it', () => {
    assert.equal(nearestName('prot', ['host', 'port', 'roles']), 'port');
    assert.equal(nearestName('maxturns', ['max_turns', 'model']), 'max_turns');
    assert.equal(nearestName('AGENTICORE_PROT', ['AGENTICORE_HOST', 'AGENTICORE_PORT']), 'AGENTICORE_PORT');
    assert.equal(nearestName('zzz', ['host', 'port']), undefined);
    assert.equal(nearestName('x'.repeat(100_000), ['host']), undefined);
  });
});
