// Where the claude binary is, and which one. Every fact the driver relies on was measured on the pinned version.
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';

/** The version that package.json pins. */
export const CLAUDE_VERSION = '2.1.197';

/** The bundled binary of this platform, else the first `claude` on `path` (as in $PATH); undefined when there is none. */
export function locateClaude(path = ''): string | undefined {
  const onPath = path
    .split(delimiter)
    .filter(isAbsolute)
    .map((directory) => join(directory, 'claude'));
  return [...bundledBinaries(), ...onPath].find(isExecutable);
}

/** What a binary says its version is (`2.1.197`); undefined when it says nothing of the kind. */
export async function claudeVersion(binary: string): Promise<string | undefined> {
  const env = { PATH: '/usr/bin:/bin', HOME: '/nonexistent', DISABLE_AUTOUPDATER: '1' };
  try {
    const { stdout } = await promisify(execFile)(binary, ['--version'], { env, timeout: 20_000 });
    return /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

// npm installs the optional package of the platform; older versions of npm install those of both C libraries.
function bundledBinaries(): readonly string[] {
  const { resolve } = createRequire(import.meta.url);
  const name = `@anthropic-ai/claude-code-${process.platform}-${process.arch}`;
  const names =
    process.platform !== 'linux' ? [name] : isMusl() ? [`${name}-musl`, name] : [name, `${name}-musl`];
  return names.flatMap((packageName) => {
    try {
      return [resolve(`${packageName}/claude`)];
    } catch {
      return [];
    }
  });
}

function isMusl(): boolean {
  const loader = {
    x64: ['x86_64', '/lib64/ld-linux-x86-64.so.2'],
    arm64: ['aarch64', '/lib/ld-linux-aarch64.so.1'],
  };
  const [machine, glibc] = loader[process.arch === 'arm64' ? 'arm64' : 'x64'];
  return existsSync(`/lib/ld-musl-${machine}.so.1`) && !existsSync(glibc ?? '');
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
