// Lets a person change a text in their own editor.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgenticoreError } from '../domain/errors.js';
import { editorCommand } from '../runtime/config/editor.js';

/** The text as it was left when the editor ended. Throws INVALID_REQUEST when there is no editor, or it failed. */
export async function editText(text: string): Promise<string> {
  const editor = editorCommand();
  if (editor === undefined)
    throw new AgenticoreError(
      'INVALID_REQUEST',
      '--edit needs an editor: set EDITOR to the command that starts it.',
    );
  const folder = await mkdtemp(join(tmpdir(), 'agenticore-edit-'));
  try {
    const file = join(folder, 'task.md');
    await writeFile(file, text, { mode: 0o600 });
    // EDITOR may hold arguments: it is for a shell to read; the file is passed beside, never as part of the command.
    const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new AgenticoreError('INVALID_REQUEST', 'The editor failed; nothing was changed.');
    return await readFile(file, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
