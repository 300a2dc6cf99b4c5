// The start-up scripts of a package: one after the other in the order of their names, before anybody talks to the
// agent. One that fails is told of, and the next one runs all the same.
import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Log } from '../../../ports/log.js';
import { tagAsOurs } from '../../host/attempt/attempt-tag.js';
import { type ProgramEnd, runProgram } from '../../host/run-program.js';
import { createRunnerLines } from './runner-lines.js';

export interface RunnersOrder {
  /** The laid-out copy of the package. */
  readonly work: string;
  /** Relative to it, in order. */
  readonly runners: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly log: Log;
}

/** Runs them all. Rejects only with the signal's reason. */
export async function runRunners(order: RunnersOrder, signal: AbortSignal): Promise<void> {
  const { work, env, timeoutMs, log } = order;
  for (const relative of order.runners) {
    const runner = basename(relative);
    const began = performance.now();
    log('package.runner_started', { runner });
    const [command, ...args] = await commandOf(join(work, relative));
    const lines = createRunnerLines((text) => log('package.runner_said', { runner, text }));
    const tag = tagAsOurs(`runner.${randomUUID()}`);
    const end = await runProgram({ command, args, cwd: work, env, tag, timeoutMs, said: lines.take }, signal);
    lines.end();
    const durationMs = Math.round(performance.now() - began);
    if (end.kind === 'exited' && end.code === 0) log('package.runner_done', { runner, durationMs });
    else log('package.runner_failed', { runner, durationMs, why: whyOf(end, timeoutMs) }, 'warn');
  }
}

/** A first line like `#!/bin/bash` says who runs a shell script; our own Node runs the others. */
async function commandOf(path: string): Promise<readonly [string, ...string[]]> {
  if (path.endsWith('.js')) return [process.execPath, path];
  return (await beginsWithShebang(path)) ? [path] : ['/bin/sh', path];
}

async function beginsWithShebang(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.toString('latin1', 0, bytesRead) === '#!';
  } finally {
    await file.close();
  }
}

function whyOf(end: ProgramEnd, timeoutMs: number): string {
  switch (end.kind) {
    case 'exited':
      return `it ended with exit code ${end.code}`;
    case 'killed':
      return `it was killed by ${end.by}`;
    case 'timed_out':
      return `it took longer than ${timeoutMs / 1000} s and was killed with all it had started`;
    case 'not_started':
      return `it could not be started: ${end.reason}`;
    default:
      return end satisfies never;
  }
}
