// `npm run conformance`: the official conformance suite and the official inspector at real servers.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packagePath } from '../../../src/runtime/package-root.js';
import { startAttempt, submit } from '../../support/ledger.js';
import { fixtureShelf } from '../../support/mcp-fixtures.js';
import { endedJob, endWithAnswer } from '../../surfaces/http/lively-job.js';
import { startTestServer } from '../../surfaces/http/test-server.js';
import { installJudges, type Ran } from './tools.js';

const REVISION = '2025-11-25';

/** What passes without the suite's own fixtures; everything else in the suite is about those. */
const WITHOUT_FIXTURES = [
  'server-initialize',
  'ping',
  'tools-list',
  'resources-list',
  'resources-subscribe',
  'resources-unsubscribe',
  'prompts-list',
  'completion-complete',
  'logging-set-level',
  'server-sse-multiple-streams',
  'dns-rebinding-protection',
  'server-session-lifecycle',
];

const leaving: (() => Promise<void>)[] = [];
const scope = { after: (done: () => Promise<void>) => void leaving.unshift(done) };
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const judges = await installJudges();
const folder = await mkdtemp(join(tmpdir(), 'mcp-judges-'));
scope.after(() => rm(folder, { recursive: true, force: true }));
try {
  await runConformance('with the fixtures of the suite', join(folder, 'with'), true);
  await runConformance('as it is shipped', join(folder, 'without'), false);
  await inspectHttp();
  await inspectStdio();
  say('All judges are content.');
} finally {
  for (const leave of leaving) await leave();
}

async function runConformance(what: string, output: string, withFixtures: boolean): Promise<void> {
  const server = await startTestServer(scope, withFixtures ? { shelves: [fixtureShelf()] } : {});
  const ran = await judges.conformance([
    'server',
    '--url',
    `${server.url}/mcp`,
    '--requirements',
    REVISION,
    '-o',
    output,
  ]);
  const summary = ran.stdout.slice(ran.stdout.indexOf('=== SUMMARY ==='));
  say(`conformance ${REVISION}, ${what}: ${/^Total: .*$/m.exec(summary)?.[0] ?? 'no total'}, rc ${ran.code}`);
  if (withFixtures) assert.equal(ran.code, 0, summary);
  else for (const scenario of WITHOUT_FIXTURES) await assertPassed(output, scenario);
}

async function assertPassed(output: string, scenario: string): Promise<void> {
  const found = (await readdir(output)).find((name) => new RegExp(`^server-${scenario}-\\d{4}-`).test(name));
  assert.ok(found, `${scenario} was run`);
  const checks = JSON.parse(await readFile(join(output, found, 'checks.json'), 'utf8')) as {
    id: string;
    status: string;
  }[];
  const failed = checks.filter(({ status }) => status === 'FAILURE');
  assert.deepEqual(failed, [], scenario);
}

/** Every tool at both transports over HTTP, at jobs that have all that there is to see. */
async function inspectHttp(): Promise<void> {
  const { url, bus } = await startTestServer(scope);
  const [changed, answered, waiting] = [
    await endedJob(bus),
    await submit(bus.events),
    await submit(bus.events),
  ];
  await startAttempt(bus.events, answered);
  await endWithAnswer(bus, answered, 'Done.');
  for (const [path, transport] of [
    ['mcp', 'http'],
    ['sse', 'sse'],
  ]) {
    const at = [`${url}/${path}`, '--transport', String(transport)];
    await inspect(String(transport), (args) => judges.inspector([...at, ...args]), {
      ...{
        job_diff: changed,
        job_output: answered,
        get_job: answered,
        cancel_job: waiting,
        retry_job: changed,
      },
    });
  }
}

/** The real command; the job of the first call is there at the second, which is another process. */
async function inspectStdio(): Promise<void> {
  const command = [process.execPath, packagePath('dist', 'src', 'main.js'), 'stdio'];
  const env = { HOME: folder, LOG_LEVEL: 'silent' };
  const ask = (args: readonly string[]) => judges.inspector([...command, ...args], env);
  const ran = await ask([
    '--method',
    'tools/call',
    '--tool-name',
    'run_task',
    '--tool-arg',
    'task=x',
    'wait=false',
    '--format',
    'json',
  ]);
  assert.equal(ran.code, 0, ran.stderr);
  const { id } = JSON.parse(ran.stdout).result.structuredContent.job;
  await inspect('stdio', ask, { get_job: id, cancel_job: id, retry_job: id, job_diff: id, job_output: id }, [
    'job_diff',
    'job_output',
  ]);
}

/** Lists the tools and calls each. `refused`: those that say that there is nothing to see. */
async function inspect(
  transport: string,
  ask: (args: readonly string[]) => Promise<Ran>,
  jobOf: Readonly<Record<string, string>>,
  refused: readonly string[] = [],
): Promise<void> {
  const listed = await ask(['--method', 'tools/list', '--strict', '--format', 'json']);
  assert.equal(listed.code, 0, listed.stderr);
  const names = (JSON.parse(listed.stdout).result.tools as { name: string }[]).map(({ name }) => name);
  const order = ['cancel_job', ...names.filter((name) => name !== 'cancel_job')];
  for (const name of order) {
    const job = jobOf[name] === undefined ? [] : ['--tool-arg', `job_id=${jobOf[name]}`];
    const args = name === 'run_task' ? ['--tool-arg', 'task=x', 'wait=false'] : job;
    const ran = await ask(['--method', 'tools/call', '--tool-name', name, ...args, '--format', 'json']);
    const isRefused = JSON.parse(ran.stdout).result.isError === true;
    assert.equal(isRefused, refused.includes(name), `${name}: ${ran.stdout}${ran.stderr}`);
  }
  say(`inspector, ${transport}: listed ${names.length} tools and called each`);
}
