// Where the task of `run` comes from: the command line, what stands behind --, or stdin.
import { AgenticoreError } from '../../../domain/errors.js';
import type { CliContext } from '../cli-context.js';
import { fromStdin } from './from-stdin.js';

/** More than any task may have; what is longer is no task but a mistake. */
const MOST_BYTES = 1024 * 1024;

/**
 * The task as text. `given` is the positional ('' stands for `-`), `rest` what stood behind `--`.
 * Throws INVALID_REQUEST when there is none, two, or too much.
 */
export async function readTask(
  cli: CliContext,
  given: string | undefined,
  rest: readonly (string | number)[],
): Promise<string> {
  if (rest.length > (given === undefined ? 1 : 0)) {
    throw new AgenticoreError(
      'INVALID_REQUEST',
      'There is more than one task; put a task of several words in quotes.',
    );
  }
  const told = given ?? rest[0];
  const asksStdin = told === '' || told === '-' || (told === undefined && cli.stdin.isTTY !== true);
  const task = asksStdin ? await readAll(fromStdin(cli, 'the task')) : String(told ?? '');
  if (task.trim() === '') {
    const where = asksStdin ? 'Nothing came from stdin' : 'There is no task';
    throw new AgenticoreError(
      'INVALID_REQUEST',
      `${where}; say what Claude is to do: agenticore run "make the test pass"`,
    );
  }
  return task;
}

async function readAll(stdin: CliContext['stdin']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk));
    bytes += chunk.length;
    if (bytes > MOST_BYTES) {
      throw new AgenticoreError(
        'INVALID_REQUEST',
        'What came from stdin is larger than 1 MiB; a task has 100,000 characters at most.',
      );
    }
  }
  return Buffer.concat(chunks).toString('utf8').trimEnd();
}
