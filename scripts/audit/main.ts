// Proves on a live agent that what a client sees, what Claude writes on its disk and what the bus holds is the same turn;
// or judges once more what an earlier audit gathered. Exit code 0: it is; 1: it is not; 2: it could not be found out.
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ask, gather, type Place } from './gather.js';
import { judge } from './judge.js';
import { keepRun, type Run, readRun } from './run.js';
import type { Verdict } from './verdict.js';

const USAGE = `usage: verify_streaming_pipeline.sh <agent> [--url URL] [--out FOLDER]
       verify_streaming_pipeline.sh <agent> --replay FOLDER
The agent's address: --url or AGENTICORE_URL. Its bus: REDIS_URL, else the files in AGENTICORE_HOME, where its folders are
as well (or in AGENTICORE_SHARED_FS_ROOT). A key, if it asks for one: AGENTICORE_API_KEY.`;
const SET_UP = 2;

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return SET_UP;
});

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { url: { type: 'string' }, out: { type: 'string' }, replay: { type: 'string' } },
  });
  const [agent] = positionals;
  if (agent === undefined) throw new Error(USAGE);
  const folder = resolve(
    values.replay ?? values.out ?? `audit-${new Date().toISOString().replaceAll(':', '-')}`,
  );
  const run = values.replay === undefined ? await live(agent, values.url, folder) : readRun(folder);
  const verdicts = judge(run);
  const report = reportOf(agent, run, verdicts);
  writeFileSync(join(folder, 'audit-report.md'), report);
  process.stdout.write(`${report}\nArtefacts: ${folder}\n`);
  return verdicts.every(({ passed }) => passed) ? 0 : 1;
}

async function live(agent: string, url: string | undefined, folder: string): Promise<Run> {
  const { env } = process;
  const home = env.AGENTICORE_HOME || join(homedir(), '.agenticore');
  const shared = env.AGENTICORE_SHARED_FS_ROOT;
  const place: Place = {
    agent,
    home,
    url: url ?? env.AGENTICORE_URL ?? 'http://127.0.0.1:8200',
    keyPrefix: env.REDIS_KEY_PREFIX || 'agenticore',
    ...(shared ? { agentsDir: join(shared, 'agents') } : {}),
    ...(env.AGENTICORE_API_KEY ? { apiKey: env.AGENTICORE_API_KEY } : {}),
    ...(env.REDIS_URL ? { redisUrl: env.REDIS_URL } : {}),
  };
  const run = await gather(place, await ask(place));
  keepRun(folder, run);
  return run;
}

function reportOf(agent: string, { jobId, marker }: Run, verdicts: readonly Verdict[]): string {
  const failed = verdicts.filter(({ passed }) => !passed).length;
  return [
    `# Audit of ${agent}: ${failed === 0 ? 'passed' : `${failed} of ${verdicts.length} checks failed`}`,
    '',
    `Job ${jobId}, marker ${marker}.`,
    '',
    '| check | | seen |',
    '| --- | --- | --- |',
    ...verdicts.map(
      ({ name, passed, seen }) => `| ${name} | ${passed ? 'ok' : 'FAILED'} | ${seen.slice(0, 200)} |`,
    ),
    '',
  ].join('\n');
}
