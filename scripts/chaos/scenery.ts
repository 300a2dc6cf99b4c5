// What stands before the fleet comes: repositories with their remotes, profiles, and a binary that is claude or its
// stand-in by the model that it is asked for.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locateClaude } from '../../src/adapters/claude/start/locate-claude.js';
import { gitEnvironment } from '../quickstart/git-environment.js';
import { makeSampleRepository } from '../quickstart/sample-repository.js';
import type { Script } from '../scripted-model/script.js';

export const REPOSITORIES = 5;
/** Names of the profiles: the stand-in, and Claude Code itself. */
export const STAND_IN = 'stand-in';
export const REAL = 'real';
/** What the real Claude Code is asked to do. */
export const REAL_TASK = 'Leave a note';

export interface Scenery {
  readonly folder: string;
  /** Bare repositories. */
  readonly remotes: readonly string[];
  readonly profilesDir: string;
  readonly binary: string;
  readonly logs: string;
}

export const leaveNote: Script = {
  name: 'leave-a-note',
  match: REAL_TASK,
  usage: { input_tokens: 100, output_tokens: 10 },
  steps: [
    {
      say: 'I write it down.',
      call: [
        { tool: 'Bash', input: { command: 'echo noted > note.txt; git add -A; git commit -qm Note; true' } },
      ],
    },
    { say: 'Noted.' },
  ],
};

/** Builds it all below `folder`. Throws when there is no Claude Code on this machine. */
export function buildScenery(folder: string): Scenery {
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  return {
    folder,
    remotes: makeRemotes(folder),
    profilesDir: writeProfiles(folder),
    binary: writeBinary(folder),
    logs,
  };
}

function makeRemotes(folder: string): readonly string[] {
  return Array.from({ length: REPOSITORIES }, (_, index) => {
    const home = join(folder, `remote-${index}`);
    mkdirSync(home);
    const remote = makeSampleRepository(home);
    // Some pushes take long enough to be hit.
    const hook = join(remote, 'hooks', 'pre-receive');
    mkdirSync(join(remote, 'hooks'), { recursive: true });
    writeFileSync(hook, '#!/bin/sh\ntest $(($$ % 3)) = 0 && sleep 0.2\nexit 0\n');
    chmodSync(hook, 0o755);
    return remote;
  });
}

function writeProfiles(folder: string): string {
  const profilesDir = join(folder, 'profiles');
  for (const [name, model] of [
    [STAND_IN, STAND_IN],
    [REAL, 'sonnet'],
  ] as const) {
    mkdirSync(join(profilesDir, name), { recursive: true });
    const lines = [
      `name: ${name}`,
      'auto_pr: false',
      'retry: { max_attempts: 100, backoff_s: 1 }',
      `claude: { model: ${model} }`,
    ];
    writeFileSync(join(profilesDir, name, 'profile.yml'), `${lines.join('\n')}\n`);
  }
  return profilesDir;
}

function writeBinary(folder: string): string {
  const claude = locateClaude(process.env.PATH);
  if (claude === undefined) throw new Error('Claude Code is not installed: npm ci brings it');
  const standIn = fileURLToPath(new URL('./stand-in-claude.js', import.meta.url));
  const binary = join(folder, 'claude');
  const script = [
    '#!/bin/sh',
    `case " $* " in *" --model=${STAND_IN} "*) exec ${process.execPath} ${standIn} "$@";; esac`,
    `exec ${claude} "$@"`,
  ];
  writeFileSync(binary, `${script.join('\n')}\n`);
  chmodSync(binary, 0o755);
  return binary;
}

/** git on a remote, read only; throws when it fails. */
export const askRemote = (remote: string, ...args: readonly string[]): string =>
  execFileSync('git', [`--git-dir=${remote}`, ...args], { env: gitEnvironment('/'), encoding: 'utf8' });
