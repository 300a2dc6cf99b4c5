// Runs the commands of a profile by the system's shell, each with all that it starts: tagged and watched over like
// claude, so that no process of an attempt outlives it.
import { AgenticoreError } from '../../domain/errors.js';
import type { CommandEnd, Programs } from '../../ports/programs.js';
import { tagAsOurs } from './attempt/attempt-tag.js';
import { bareEnvironment } from './attempt/bare-environment.js';
import type { Guard } from './attempt/guard.js';
import { runProgram } from './run-program.js';

/** Nobody reads more of it; whoever shows it cuts it again, once the secrets are out. */
const OUTPUT_KEPT_CHARS = 64 * 1024;

/** `guard` ends what runs when this process is SIGKILLed. */
export function createPrograms({ guard }: { readonly guard?: Guard }): Programs {
  return {
    async run({ command, cwd, jobDir, env, timeoutMs, tag: attempt }, signal): Promise<CommandEnd> {
      const tag = tagAsOurs(attempt);
      let output = '';
      let unwatch: (() => void) | undefined;
      guard?.arm();
      try {
        const end = await runProgram(
          {
            command: '/bin/sh',
            args: ['-c', command],
            cwd,
            env: bareEnvironment(jobDir, env),
            tag,
            timeoutMs,
            leavesNothing: true,
            started: (pid) => {
              unwatch = guard?.watch({ pid, tag });
            },
            said: (text) => {
              output = (output + text).slice(-OUTPUT_KEPT_CHARS);
            },
          },
          signal,
        );
        if (end.kind === 'not_started')
          throw new AgenticoreError('WORKSPACE_FAILED', `A command could not be started: ${end.reason}`);
        return { kind: end.kind, exitCode: end.kind === 'exited' ? end.code : null, output };
      } finally {
        unwatch?.();
      }
    },
  };
}
