// The main job, watched live: starts a server on the file bus, submits a job, follows it, and looks at what came out.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadScripts } from '../scripted-model/script.js';
import { startScriptedModel } from '../scripted-model/server.js';
import { gitEnvironment } from './git-environment.js';
import { makeSampleRepository } from './sample-repository.js';
import { startServer } from './start-server.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const door = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const TASK = 'Make the test pass.';

interface Choice {
  readonly repo: string;
  readonly task: string;
  readonly isSample: boolean;
}

const say = (text: string): void => console.log(`\n\u25cf ${text}`);

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { repo: { type: 'string' }, task: { type: 'string' } } });
  const began = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'agenticore-quickstart-'));
  const stops: (() => Promise<void>)[] = [];
  try {
    const choice = chooseJob(values, folder);
    const model = await chooseModel();
    stops.push(model.stop);
    const server = await startServer(door, folder, model.env);
    stops.push(server.stop);
    say(`Agenticore listens on ${server.url}, on the file bus in ${folder}`);
    const code = await runJob(server.url, choice);
    if (code === 0 && choice.isSample) lookAtResult(choice.repo, folder);
    say(
      `${code === 0 ? 'Done' : 'The job did not succeed'}, ${((Date.now() - began) / 1000).toFixed(1)} s. Everything is stopped${code === 0 ? ' and cleaned up' : ''}.`,
    );
    return code;
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function chooseJob(values: { repo?: string | undefined; task?: string | undefined }, folder: string): Choice {
  if (values.repo !== undefined) return { repo: values.repo, task: values.task ?? TASK, isSample: false };
  const repo = makeSampleRepository(folder);
  say('A sample repository with a failing test, and a bare remote of it, are ready.');
  return { repo, task: values.task ?? TASK, isSample: true };
}

/** The real model when there is a key for it, else the scripted one: no key, no internet, and everything else real. */
async function chooseModel(): Promise<{ env: Record<string, string>; stop: () => Promise<void> }> {
  const key = process.env.ANTHROPIC_API_KEY;
  if (key) {
    say('Using the real model with your ANTHROPIC_API_KEY: this costs a few cents.');
    const env: Record<string, string> = { ANTHROPIC_API_KEY: key };
    if (process.env.ANTHROPIC_BASE_URL) env.ANTHROPIC_BASE_URL = process.env.ANTHROPIC_BASE_URL;
    return { env, stop: async () => {} };
  }
  const scripts = loadScripts(join(root, 'scripts/quickstart/make-the-test-pass.yaml'));
  const model = await startScriptedModel({ scripts });
  say(
    'No ANTHROPIC_API_KEY: a scripted model on this machine answers; Claude Code, git and Agenticore are real.',
  );
  return {
    env: { ANTHROPIC_API_KEY: 'none-needed', ANTHROPIC_BASE_URL: model.url },
    stop: () => model.close(),
  };
}

/** `agenticore run --follow`, as a person would type it. */
async function runJob(url: string, { repo, task }: Choice): Promise<number> {
  const args = ['run', task, '--repo', repo, '--profile', 'code', '--follow'];
  say(`agenticore run ${JSON.stringify(task)} --repo ${repo} --profile code --follow\n`);
  const cli = spawn(process.execPath, [door, ...args, '--url', url], { stdio: 'inherit' });
  const onSignal = (): void => void cli.kill('SIGINT');
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const [code] = (await once(cli, 'exit')) as [number | null];
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  return code ?? 1;
}

/** The proof: the branch on the remote, what it changes, and its test. */
function lookAtResult(remote: string, folder: string): void {
  const env = gitEnvironment(folder);
  const git = (...args: string[]) =>
    execFileSync('git', [`--git-dir=${remote}`, ...args], { env, encoding: 'utf8' });
  const branch = git('for-each-ref', '--format=%(refname:short)', 'refs/heads/agenticore-*').trim();
  say(`On the remote, branch ${branch}:\n`);
  console.log(git('log', '--oneline', `main..${branch}`) + git('diff', 'main', branch));
  const checkout = join(folder, 'result');
  execFileSync('git', ['clone', '--quiet', '--branch', branch, remote, checkout], { env });
  const test = spawnSync(process.execPath, ['--test'], { cwd: checkout, encoding: 'utf8', env });
  if (test.status !== 0) throw new Error(`the test still fails on ${branch}:\n${test.stdout}`);
  say(`Its test, run on a fresh clone of ${branch}: passes.`);
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(`quickstart: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
