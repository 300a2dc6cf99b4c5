// The programs that a job needs, and the credentials of the model.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CLAUDE_VERSION, claudeVersion, locateClaude } from '../../adapters/claude/start/locate-claude.js';
import { hasCode } from '../../adapters/host/system-error.js';
import { CLOUDS, CREDENTIALS } from '../../runtime/config/claude-environment.js';
import type { Config } from '../../runtime/config/config.js';
import type { Finding } from '../../surfaces/cli/cli-context.js';

/** As package.json asks for. */
const LEAST_NODE: readonly [number, number] = [20, 19];
/** `worktree add --lock --reason`, which the workspace needs, came with it. */
const LEAST_GIT: readonly [number, number] = [2, 33];
const PATIENCE_MS = 10_000;
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** Is this Node new enough? */
export function checkNode(): readonly Finding[] {
  const name = 'node';
  const fact = process.version;
  return isAtLeast(fact, LEAST_NODE)
    ? [{ name, level: 'ok', fact }]
    : [{ name, level: 'fail', fact, mend: `Install Node.js ${LEAST_NODE.join('.')} or newer.` }];
}

/** Is git there, and new enough? `path` as in $PATH. */
export async function checkGit(path = DEFAULT_PATH): Promise<readonly Finding[]> {
  const name = 'git';
  const mend = `Install git ${LEAST_GIT.join('.')} or newer, for example with: apt-get install git`;
  try {
    const { stdout } = await promisify(execFile)('git', ['--version'], {
      env: { PATH: path },
      timeout: PATIENCE_MS,
    });
    const fact = stdout.trim();
    return isAtLeast(fact, LEAST_GIT) ? [{ name, level: 'ok', fact }] : [{ name, level: 'fail', fact, mend }];
  } catch (error) {
    return [{ name, level: 'fail', fact: `cannot be run: ${reasonOf(error)}`, mend }];
  }
}

/** Is claude there, and of the version this package was made for? */
export async function checkClaude({ claude }: Config): Promise<readonly Finding[]> {
  const name = 'claude';
  const install = `Install the package with its optional dependencies, or set AGENTICORE_CLAUDE_BINARY to a claude ${CLAUDE_VERSION}.`;
  const binary = claude.binary ?? locateClaude(claude.passthrough.PATH);
  if (binary === undefined) return [{ name, level: 'fail', fact: 'was not found', mend: install }];
  const version = await claudeVersion(binary);
  if (version === undefined) return [{ name, level: 'fail', fact: `${binary} cannot be run`, mend: install }];
  if (version === CLAUDE_VERSION) return [{ name, level: 'ok', fact: `${version} at ${binary}` }];
  return [
    {
      name,
      level: 'warn',
      fact: `${version} at ${binary}; this version was made for ${CLAUDE_VERSION}`,
      mend: `Unset AGENTICORE_CLAUDE_BINARY to use the one that comes with the package.`,
    },
  ];
}

/** Says which are there, never what they are; whether the model accepts them shows only in a job. */
export function checkCredentials({ claude }: Config): readonly Finding[] {
  const name = 'model';
  const ways = [...CREDENTIALS, ...CLOUDS.map((cloud) => cloud.switch)];
  const given = ways.filter((variable) => claude.passthrough[variable] !== undefined);
  const address =
    claude.passthrough.ANTHROPIC_BASE_URL === undefined ? '' : ', at the address of ANTHROPIC_BASE_URL';
  if (given.length > 0) return [{ name, level: 'ok', fact: `credentials by ${given.join(', ')}${address}` }];
  return [
    {
      name,
      level: 'fail',
      fact: 'no credentials',
      mend: 'Set ANTHROPIC_API_KEY, or CLAUDE_CODE_OAUTH_TOKEN (made by `claude setup-token`), for the server.',
    },
  ];
}

/** Compares the first `a.b` in the text. */
function isAtLeast(text: string, [major, minor]: readonly [number, number]): boolean {
  const [, a = '0', b = '0'] = /(\d+)\.(\d+)/.exec(text) ?? [];
  return Number(a) > major || (Number(a) === major && Number(b) >= minor);
}

const reasonOf = (error: unknown): string => (hasCode(error, 'ENOENT') ? 'it is not there' : String(error));
