// The template that a repository has for its pull requests, at one of the places that code hosts know. It is read from
// the base's own tree: what claude has made of it is a part of the work, not of its description.
import type { Bench } from './bench.js';
import type { RunGit } from './run-git.js';

/** In the order in which GitHub looks: a repository may have more than one. */
const FOLDERS = ['.github/', '', 'docs/'] as const;
const NAME = /^pull_request_template(\.(md|txt))?$/i;
/** `<mode> blob <oid>\t<path>`: a regular file, no link. */
const FILE = /^100\d{3} blob ([0-9a-f]+)\t(.*)$/s;
const MAX_BYTES = 64 * 1024;

/** The text of the template; undefined when there is none, or none that can be read. */
export async function readPullRequestTemplate(git: RunGit, bench: Bench): Promise<string | undefined> {
  const place = bench.mirror.place;
  const args = ['ls-tree', '-z', bench.baseOid, './', ...FOLDERS.filter((folder) => folder !== '')];
  const listing = await git({ args, place });
  const files = listing.stdout
    .toString()
    .split('\0')
    .map((line) => FILE.exec(line))
    .flatMap((match) => (match === null ? [] : [{ oid: match[1] ?? '', path: match[2] ?? '' }]));
  const found = FOLDERS.map((folder) =>
    files.find(({ path }) => path.startsWith(folder) && NAME.test(path.slice(folder.length))),
  ).find((file) => file !== undefined);
  if (found === undefined) return undefined;
  const content = await git({ args: ['cat-file', 'blob', found.oid], place, maxBytes: MAX_BYTES });
  const text = content.stdout.toString().trim();
  return text === '' ? undefined : text;
}
