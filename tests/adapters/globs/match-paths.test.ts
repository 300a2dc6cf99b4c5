import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matchPaths } from '../../../src/adapters/globs/match-paths.js';
import { WORKFLOW_PATHS } from '../../../src/domain/guard.js';

const yes: readonly (readonly [glob: string, path: string])[] = [
  ['*.pem', 'deep/down/x.pem'],
  ['infra', 'infra/main.tf'],
  ['infra', 'deep/infra/main.tf'],
  ['/infra', 'infra/main.tf'],
  ['infra/', 'infra'],
  ['infra/**/*.tf', 'infra/a/b/x.tf'],
  ['infra/**/*.tf', 'infra/line\nbreak/x.tf'],
  ['infra/*', 'INFRA/.hidden'],
  ['src/{a,b}.ts', 'src/b.ts'],
  ['a/[x-z]*', 'a/y1'],
  ['!x', '!x'],
];
const no: readonly (readonly [glob: string, path: string])[] = [
  ['/infra', 'deep/infra/main.tf'],
  ['infra', 'infrastructure/main.tf'],
  ['*.pem', 'x.pem.txt'],
  ['src/*.ts', 'src/deep/x.ts'],
  ['!x', 'y'],
];

describe('globs over paths', () => {
  it('mean what they mean in .gitignore', () => {
    for (const [glob, path] of yes) assert.equal(matchPaths([glob])(path), true, `${glob} ${path}`);
    for (const [glob, path] of no) assert.equal(matchPaths([glob])(path), false, `${glob} ${path}`);
    assert.equal(matchPaths([])('anything'), false);
  });

  it('know the files that code hosts and builders run', () => {
    const isWorkflow = matchPaths(WORKFLOW_PATHS);
    for (const path of [
      '.github/workflows/ci.yml',
      '.GitHub/Workflows/ci.yml',
      '.github/actions/setup/action.yml',
      '.gitlab-ci.yml',
      '.circleci/config.yml',
      'Jenkinsfile',
      'ci/Jenkinsfile.release',
      'azure-pipelines.yml',
      '.azure-pipelines/build.yml',
      'build/azure-pipelines-nightly.yaml',
      '.travis.yml',
      'bitbucket-pipelines.yml',
      '.appveyor.yml',
      '.drone.yml',
    ])
      assert.ok(isWorkflow(path), path);
    for (const path of ['.github/CODEOWNERS', 'docs/workflows/x.md', 'src/github/workflows.ts', 'README.md'])
      assert.ok(!isWorkflow(path), path);
  });
});
