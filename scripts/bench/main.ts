// npm run bench -- <name> [--json]: measurements, each printed with its method. Numbers of one machine; the ratios are
// what counts.
import type { Report } from './report.js';

const BENCHES: Readonly<Record<string, () => Promise<{ run(): Promise<Report> }>>> = {
  fanout: () => import('./fanout.js'),
  'job-overhead': () => import('./job-overhead.js'),
  queue: () => import('./queue.js'),
  scale: () => import('./scale.js'),
  turn: () => import('./turn.js'),
  workspace: () => import('./workspace.js'),
};

const [name = '', ...flags] = process.argv.slice(2);
const load = BENCHES[name];
if (load === undefined) {
  console.error(`usage: npm run bench -- <name> [--json]; names: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
const { method, figures } = await (await load()).run();
if (flags.includes('--json')) {
  console.log(JSON.stringify({ name, method, figures }));
} else {
  for (const line of method) console.log(`  ${line}`);
  console.log();
  const width = Math.max(...Object.keys(figures).map((key) => key.length));
  for (const [key, value] of Object.entries(figures)) console.log(`  ${key.padEnd(width)}  ${value}`);
}
