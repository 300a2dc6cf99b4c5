// npm run chaos -- [--jobs N] [--workers M] [--kills K] [--seed S] [--json]: jobs on a real fleet that is hurt all along,
// and then the proof that nothing was lost. Exit 0: no violation; 1: violations, and the folder is kept; 2: bad arguments.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments } from './arguments.js';
import { runChaos } from './chaos.js';
import { print, violationsOf } from './report.js';

const wishes = readArguments(process.argv.slice(2));
if (typeof wishes === 'string') {
  console.error(`agenticore: ${wishes}`);
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'agenticore-chaos-'));
try {
  const report = await runChaos(wishes, folder, (line) => console.error(`  ${line}`));
  print(report);
  if (violationsOf(report) === 0) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  else {
    console.error(`agenticore: something is wrong; logs and data are kept in ${folder}`);
    process.exitCode = 1;
  }
} catch (error) {
  console.error(`agenticore: ${error instanceof Error ? error.stack : String(error)}`);
  console.error(`agenticore: logs and data are kept in ${folder}`);
  process.exitCode = 1;
}
