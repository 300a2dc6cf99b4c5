// The judges of MCP that nobody here wrote, installed beside the project: they need a newer Node, and are heavy.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { packagePath } from '../../../src/runtime/package-root.js';

const VERSIONS = {
  node: '22.23.3',
  '@modelcontextprotocol/conformance': '0.2.0-alpha.12',
  '@modelcontextprotocol/inspector': '2.12.0',
};

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Judges {
  conformance(args: readonly string[]): Promise<Ran>;
  inspector(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
}

/** Installs them where they are not there yet. */
export async function installJudges(): Promise<Judges> {
  const folder = packagePath('node_modules', '.cache', 'mcp-judges');
  await mkdir(folder, { recursive: true });
  const wanted = Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`);
  const npm = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--prefer-offline', ...wanted];
  const installed = await run('npm', npm, { cwd: folder });
  if (installed.code !== 0) throw new Error(`the judges could not be installed:\n${installed.stderr}`);
  const node = join(folder, 'node_modules', '.bin', 'node');
  const judge = (...path: string[]) => join(folder, 'node_modules', '@modelcontextprotocol', ...path);
  return {
    conformance: (args) => run(node, [judge('conformance', 'dist', 'index.js'), ...args], { cwd: folder }),
    inspector: (args, env = {}) =>
      run(node, [judge('inspector', 'clients', 'launcher', 'build', 'index.js'), '--cli', ...args], {
        cwd: folder,
        env,
      }),
  };
}

function run(
  command: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        said[name] += chunk;
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, ...said }));
  });
}
