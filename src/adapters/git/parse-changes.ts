// Reads the raw output of `git diff-tree -z`: ids of commits, each with what it changes.
import type { WorkChange } from '../../domain/guard.js';

const COMMIT = /^[0-9a-f]{40,64}$/;
const NOTHING = /^0+$/;

/** `output` has one character for each byte. Changes before the first commit's id are those of `commit`. */
export function parseChanges(output: string, commit: string): readonly WorkChange[] {
  const changes: WorkChange[] = [];
  let current = commit;
  const tokens = output.split('\0');
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    if (COMMIT.test(token)) current = token;
    if (!token.startsWith(':')) continue;
    at += 1;
    const path = Buffer.from(tokens[at] ?? '', 'latin1').toString();
    changes.push({ commit: current, path, oid: resultOf(token) });
  }
  return changes;
}

/** `:<mode> <mode> <id> <id> <status>`; a merge has one more colon, mode and id for each more parent. */
function resultOf(header: string): string | undefined {
  const parents = header.lastIndexOf(':') + 1;
  const oid = header.split(' ')[2 * parents + 1] ?? '';
  return NOTHING.test(oid) ? undefined : oid;
}
