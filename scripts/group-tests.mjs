// Lets test files share processes: most of them take longer to load what they test than to test it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** So few that a group waits no longer than the files that have a process of their own, and its failure is soon found. */
const AT_MOST = 6;
/** Long by themselves: whole servers, and the real claude. */
const LONG = /(^|\/)(e2e|adapters\/claude|adapters\/scripted-model)\//;
/** What a file does around each of its tests would be done around each of the group. */
const AROUND_EACH = /^(beforeEach|afterEach)\(/m;

/**
 * What is to be run in place of `tests` (paths below `root`, sorted): files in `folder` that import a few test files of
 * one place each, and the tests that want a process of their own.
 */
export function groupTests(root, folder, tests) {
  rmSync(join(root, folder), { recursive: true, force: true });
  mkdirSync(join(root, folder), { recursive: true });
  const groups = [];
  for (const test of tests) {
    if (LONG.test(test) || AROUND_EACH.test(readFileSync(join(root, test), 'utf8'))) {
      groups.push({ members: [test] });
      continue;
    }
    const place = dirname(test);
    const open = groups.find((group) => group.place === place && group.members.length < AT_MOST);
    if (open === undefined) groups.push({ place, members: [test] });
    else open.members.push(test);
  }
  return groups.map(({ members }) => (members.length === 1 ? members[0] : writeGroup(root, folder, members)));
}

/** A file that is named for its first and last member. */
function writeGroup(root, folder, members) {
  const [from, to] = [members[0], members.at(-1)].map((test) => basename(test, '.test.js'));
  const place = dirname(members[0]).split('/').slice(2).join('-');
  const path = join(folder, `${place}-${from}-to-${to}.js`);
  const imports = members.map((test) => `import '${relative(folder, test)}';\n`);
  writeFileSync(join(root, path), imports.join(''));
  return path;
}
