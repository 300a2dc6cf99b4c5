// docs/profiles.md: what profiles are, by hand, and their keys, made from the schema that they are checked with.
import { readFileSync } from 'node:fs';
import { packagePath } from '../../src/runtime/package-root.js';
import { type SchemaNode, sayAllowed } from '../../src/runtime/schema-sentences.js';
import { table } from './table.js';

const HEAD = `# Profiles

<!-- Made by \`npm run docs\` from scripts/docs/profiles-page.ts and schemas/profile.schema.json; edit those instead. -->

A profile says how Claude runs on a repository. It is a folder:

\`\`\`
<name>/
  profile.yml        the keys below; may be empty
  CLAUDE.md          instructions           system.md     more of the system prompt
  .claude/           settings.json, agents/, skills/, commands/, hooks/
  .mcp.json          MCP servers
\`\`\`

A job names its profile (\`"profile": "review"\`, \`agenticore run --profile review\`); the default is
\`AGENTICORE_DEFAULT_PROFILE\`. Bundled are \`code\` (works and commits), \`review\` (reads and reports) and \`plan\` (reads and
answers with a plan); the last two cannot write. \`agenticore profiles\` lists what a server has.

## Where they come from

Of two profiles of one name the later counts, whole:

1. those bundled with Agenticore
2. \`AGENTICORE_AGENTIHOOKS_PATH/profiles\`
3. the git repository \`AGENTICORE_PROFILES_REPO_URL\` (\`_BRANCH\`), its \`profiles\` folder, or its root when it has none
4. \`AGENTICORE_PROFILES_DIR\`; where that is not set, \`profiles\` on the shared file system
5. \`~/.agenticore/profiles\`

The repository is looked at every \`AGENTICORE_PROFILES_SYNC_INTERVAL\` seconds by each host, and a new commit replaces the
one before at once. When it cannot be fetched, or has no profiles, those fetched last stay, over a restart too;
\`GET /profiles/health\`, \`agenticore doctor\` and the log say so.

Profiles are read anew for each job. A broken one is named with file, line and what is allowed there by \`doctor\`,
\`GET /profiles\`, and whoever asks for it (400 \`BROKEN_PROFILE\`); the others go on working.

## Building on another

\`extends: code\` takes everything over from the profile \`code\`, to any depth; a circle is an error that names it. Per key
the child wins, also inside of \`claude\`, \`retry\` and the like; lists are replaced; \`null\` sets a key, or all of a section, back to
its default. Files lie over those of the parent: \`.mcp.json\` is merged by server, \`settings.json\` key by key, any other file
replaces its namesake.

## What Claude gets

Nothing is written into the repository. The files go to a private directory of the job, which is Claude's configuration
directory for one attempt; \`system.md\`, \`CLAUDE.md\`, the job (id, repository, branch, base) and the verify commands are appended to
its system prompt as one text. Its environment is built from nothing ([what it gets](configuration.md#what-claude-gets-of-the-environment)); \`env\` names what
else of the server's it may see, never the server's own secrets.

The repository's own \`CLAUDE.md\` is always read to Claude. Its \`.claude\` (settings, hooks, agents, skills) and its
\`.mcp.json\` count only with \`trust_repository: true\`: a setting can send your model key to somebody else's server, a hook runs whatever it
says. \`mcp.allow\` and \`mcp.deny\` hold for the servers of a trusted repository too; the profile's own win over them.`;

const COMMANDS = `## Setting up and verifying

\`\`\`yaml
extends: code
setup: [npm ci]
verify:
  - npm run lint
  - npm test
verify_attempts: 3
\`\`\`

\`setup\` runs before Claude, \`verify\` after it; without a repository, in the job's empty folder. Each command is given to \`sh -c\`
in the worktree; the first that does not exit with 0 ends the list.

- **A failing setup** fails the job (\`SETUP_FAILED\`): Claude is not asked, and nothing is tried again.
- **A failing verification** goes back into the same Claude session: the command, its exit code and the end of its output.
  Claude may mend its work \`verify_attempts\` times, so 3 means up to four verifications and 0 that the first failure is the end. Then the
  job fails (\`VERIFY_FAILED\`); nothing is pushed, and the work is kept in the repository cache under \`refs/agenticore/<job id>/\`.
- **They are no part of the work.** What they change in files that git does not ignore is undone after them, so that
  what passed is what is pushed, and nothing else. Ignored files (\`node_modules\`, caches) stay. What must stay and is not
  ignored belongs into \`$HOME\`, which is the attempt's own.
- **They get** \`PATH\`, the language and proxy variables, what \`env\` lists, and a private \`HOME\` and \`TMPDIR\`: Claude's environment without
  the credentials of the model, for the code they run is Claude's. List a credential in \`env\` if a test really needs it.
- **They end** with all they have started, when they are done or somebody cancels. A database that tests need has to be
  started by the command that uses it. Standard input is empty.
- **One deadline**, \`claude.timeout\`, holds for setup, Claude and verification together (\`CLAUDE_TIMEOUT\`), and so does \`max_budget_usd\`;
  \`max_turns\` holds for each time Claude is asked.
- **The ledger** has one \`SetupFinished\`, and one \`VerificationFinished\` for each round, with commands, exit codes, durations
  and the end of the output, secrets taken out; \`agenticore watch\` shows them, the job has the last under \`verification\`.
- **An attempt that goes on** after one that was cut short sets up and verifies again; one that only has to deliver a
  commit does neither: that was verified.`;

/** The whole page. */
export function profilesPage(): string {
  const keys = table(['key', 'default', 'what it is'], rowsOf(schema, ''));
  const other = schema.properties?.claude?.description ?? '';
  return `${[HEAD, COMMANDS, `## Keys\n\n${keys}\n\n\`claude\`: ${other}`].join('\n\n')}\n`;
}

const schema: SchemaNode & { readonly $defs?: Readonly<Record<string, SchemaNode>> } = JSON.parse(
  readFileSync(packagePath('schemas/profile.schema.json'), 'utf8'),
);

/** One row for each key; a section has one for each of its own. */
function rowsOf({ properties = {} }: SchemaNode, prefix: string): readonly (readonly string[])[] {
  return Object.entries(properties).flatMap(([name, found]) => {
    const node = resolved(found);
    const key = `${prefix}${name}`;
    if (node.properties !== undefined) return rowsOf(node, `${key}.`);
    const byDefault = node.default === undefined ? '-' : `\`${String(node.default)}\``;
    return [[`\`${key}\``, byDefault, [node.description, sentence(node)].filter(Boolean).join(' ')]];
  });
}

function resolved(node: SchemaNode): SchemaNode {
  const { $ref, ...own } = node;
  if (typeof $ref !== 'string') return node;
  return { ...schema.$defs?.[$ref.split('/').at(-1) ?? ''], ...own };
}

/** Null is explained once for all keys. */
function sentence(node: SchemaNode): string {
  const types = [node.type ?? []].flat().filter((type) => type !== 'null');
  const { enum: values, ...rest } = node;
  const chosen = values === undefined ? {} : { enum: values.filter((value) => value !== null) };
  const allowed = sayAllowed({ ...rest, ...chosen, type: types });
  return `${allowed.charAt(0).toUpperCase()}${allowed.slice(1)}.`;
}
