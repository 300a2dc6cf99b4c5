// Counts what a unified diff of git changes, file by file.

export interface FileChange {
  readonly path: string;
  readonly added: number;
  readonly removed: number;
  readonly binary: boolean;
}

/** One entry per file of the diff, in its order. */
export function diffStat(diff: string): readonly FileChange[] {
  const files: { path: string; added: number; removed: number; binary: boolean }[] = [];
  let left = { old: 0, new: 0 };
  for (const line of diff.split('\n')) {
    const file = files.at(-1);
    const inHunk = left.old > 0 || left.new > 0;
    if (inHunk && file !== undefined) {
      if (line.startsWith('+')) file.added += 1;
      if (line.startsWith('-')) file.removed += 1;
      if (!line.startsWith('+') && !line.startsWith('\\')) left.old -= 1;
      if (!line.startsWith('-') && !line.startsWith('\\')) left.new -= 1;
    } else if (line.startsWith('diff --git ')) {
      files.push({ path: pathOfHeader(line), added: 0, removed: 0, binary: false });
    } else if (file !== undefined) {
      left = hunkSize(line);
      const path = /^(?:\+\+\+ b\/|rename to )(.*)$/.exec(line)?.[1];
      if (path !== undefined) file.path = path;
      if (line.startsWith('Binary files ') || line === 'GIT binary patch') file.binary = true;
    }
  }
  return files;
}

/** Of `diff --git a/x b/x` the second path; right for everything but names with ` b/` in them, which `+++` mends. */
const pathOfHeader = (line: string): string =>
  / "?b\/(.*?)"?$/.exec(line)?.[1] ?? line.slice('diff --git '.length);

function hunkSize(line: string): { old: number; new: number } {
  const sizes = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
  return sizes === null ? { old: 0, new: 0 } : { old: Number(sizes[1] ?? 1), new: Number(sizes[2] ?? 1) };
}
