// `npm ci` refuses a lock file that lacks a package, also one for another platform, and then nobody can start at all.
// A lock made behind a registry that lacks some of them does not show that on the machine it was made on.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { packagePath } from '../../src/runtime/package-root.js';

interface Locked {
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe('package-lock.json', () => {
  const { packages } = JSON.parse(readFileSync(packagePath('package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, Locked>>;
  };
  const installed = Object.entries(packages).filter(([path]) => path !== '');

  it('holds every package that another one asks for, those of other platforms too', () => {
    const names = new Set(installed.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 13)));
    const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !names.has(name))
        .map((name) => `${path} -> ${name}`),
    );
    assert.deepEqual(missing, []);
  });

  it('tells of each what it must contain', () => {
    const vague = installed.filter(([, { integrity }]) => integrity === undefined);
    assert.deepEqual(
      vague.map(([path]) => path),
      [],
    );
  });
});
