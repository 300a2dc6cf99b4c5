// A tool's output that claude found too large for its message: it keeps the text in a file of its own and says where.
// The file goes with the job's directory and is on this host only, so the text joins the message on its way out.
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { isRecord } from '../../../domain/json-record.js';
import type { AgentMessage } from '../../../ports/agent.js';
import { asText } from './json-values.js';

/** The message itself when it names no such file, else a promise of the message with `persistedOutput` in it. */
export function addPersistedOutput(
  message: AgentMessage,
  jobDir: string,
  maxBytes: number,
): AgentMessage | Promise<AgentMessage> {
  const result = message.message.tool_use_result;
  if (message.type !== 'user' || !isRecord(result)) return message;
  const path = asText(result.persistedOutputPath);
  if (path === '') return message;
  return readBelow(jobDir, path, maxBytes).then((text) => {
    if (text === undefined) return message;
    const whole = { ...message.message, tool_use_result: { ...result, persistedOutput: text } };
    return { ...message, message: whole, line: JSON.stringify(whole) };
  });
}

/** Text of a file that really lies below `directory`; undefined when it does not, is too large or cannot be read. */
async function readBelow(directory: string, path: string, maxBytes: number): Promise<string | undefined> {
  try {
    const [root, real] = await Promise.all([realpath(directory), realpath(path)]);
    if (!real.startsWith(root + sep)) return undefined;
    const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const found = await file.stat();
      return found.isFile() && found.size <= maxBytes ? await file.readFile('utf8') : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined; // the preview in the message has to do
  }
}
