#!/usr/bin/env node
// The door of the scripted model: reads its scripts, says on one line where it listens, and ends when told to.
import { parseArgs } from 'node:util';
import { loadScripts } from './load-scripts.js';
import { startScriptedModel } from './server.js';

const usage = 'Usage: main.js --scripts <file|directory> [--port N] [--pace <ms between two chunks>]';

try {
  const { values } = parseArgs({
    options: { scripts: { type: 'string' }, port: { type: 'string' }, pace: { type: 'string' } },
  });
  if (values.scripts === undefined) throw new Error('--scripts is missing');
  const model = await startScriptedModel({
    scripts: loadScripts(values.scripts),
    ...(values.port === undefined ? {} : { port: readNumber('--port', values.port, 65535) }),
    ...(values.pace === undefined ? {} : { pace: readNumber('--pace', values.pace, 600_000) }),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void model.close());
  process.stdout.write(`${JSON.stringify({ url: model.url })}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 1;
}

function readNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most)
    throw new Error(`${name} must be a whole number up to ${most}, not ${text}`);
  return value;
}
