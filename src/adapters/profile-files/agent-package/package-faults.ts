// What is wrong with the parts of a package besides what its schemas say: names that nobody would read.
import { join } from 'node:path';
import type { ErrorDetail } from '../../../domain/errors.js';
import type { ProfileFile } from '../profile-tree.js';

/** Any of these makes a folder a package. */
const MAKES_A_PACKAGE = ['agent.yml', 'profile.yml', 'CLAUDE.md', 'system.md', '.claude'];
const READ = [...MAKES_A_PACKAGE, '.mcp.json', 'runners'];
/** What people write for them. */
const MEANT: Readonly<Record<string, string>> = {
  'agent.yaml': 'agent.yml',
  'profile.yaml': 'profile.yml',
  'mcp.json': '.mcp.json',
  claude: '.claude',
  runner: 'runners',
};
const RUNNER = /^\d[\w.-]*\.(sh|js)$/;

/** Looks at the names at the top of the folder and of its files. */
export function faultsOfParts(
  folder: string,
  parts: readonly string[],
  files: ReadonlyMap<string, ProfileFile>,
): readonly ErrorDetail[] {
  const misnamed = parts.flatMap((name) => {
    const meant = meantBy(name);
    if (meant === undefined || parts.includes(meant)) return [];
    return [{ path: join(folder, name), message: `is not read under this name; did you mean ${meant}?` }];
  });
  const isPackage = MAKES_A_PACKAGE.some((name) => parts.includes(name));
  const message = `holds none of ${MAKES_A_PACKAGE.join(', ')}; is it the folder of a package?`;
  return [
    ...(isPackage || misnamed.length > 0 ? [] : [{ path: folder, message }]),
    ...misnamed,
    ...runnerFaults(folder, [...files.keys()]),
    ...skillFaults(folder, [...files.keys()]),
  ];
}

function meantBy(name: string): string | undefined {
  if (READ.includes(name)) return undefined;
  return READ.find((known) => known.toLowerCase() === name.toLowerCase()) ?? MEANT[name.toLowerCase()];
}

/** Runners run in the order of their names, so that one without a number is a mistake. */
function runnerFaults(folder: string, paths: readonly string[]): readonly ErrorDetail[] {
  return paths
    .filter((path) => path.startsWith('runners/') && !path.includes('/', 'runners/'.length))
    .filter((path) => !RUNNER.test(path.slice('runners/'.length)))
    .map((path) => ({
      path: join(folder, path),
      message: 'must be named like 10-install.sh or 20-index.js: a number, then .sh or .js',
    }));
}

function skillFaults(folder: string, paths: readonly string[]): readonly ErrorDetail[] {
  const skills = paths.flatMap((path) => /^\.claude\/skills\/([^/]+)\//.exec(path)?.[1] ?? []);
  return [...new Set(skills)]
    .filter((skill) => !paths.includes(`.claude/skills/${skill}/SKILL.md`))
    .map((skill) => ({
      path: join(folder, '.claude/skills', skill),
      message: 'has no SKILL.md, so that Claude does not see the skill',
    }));
}
