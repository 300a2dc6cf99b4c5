// docs/cli.md, made from the same definitions that --help shows.
import { createParser } from './commands.js';
import { VERBS_BELOW } from './verbs-below.js';

const COLUMNS = 100;

/** The whole text of docs/cli.md; the same for every machine. */
export async function cliReference(): Promise<string> {
  return `${[HEAD, await helpOf([]), ...(await sectionsBelow([]))].join('\n\n')}\n`;
}

async function sectionsBelow(above: readonly string[]): Promise<readonly string[]> {
  const sections = [];
  for (const verb of VERBS_BELOW[above.join(' ')] ?? []) {
    const words = [...above, verb];
    const title = `#${'#'.repeat(words.length)} agenticore ${words.join(' ')}`;
    sections.push(`${title}\n\n${await helpOf(words)}`, ...(await sectionsBelow(words)));
  }
  return sections;
}

async function helpOf(verb: readonly string[]): Promise<string> {
  let help = '';
  const parser = createParser('', COLUMNS, () => {});
  await parser.parse([...verb, '--help'], {}, (_error, _argv, output) => {
    help = output;
  });
  const lines = help
    .trim()
    .split('\n')
    .map((line) => line.trimEnd());
  return ['```text', ...lines, '```'].join('\n');
}

const HEAD = `# Command line

<!-- Made by \`npm run docs\` from src/surfaces/cli/{commands,agent-commands,admin-commands}.ts; edit those instead. -->

\`agenticore <command>\` starts the server, or talks to one over HTTP like any other client. Only \`agenticore admin\` goes
to the bus itself: to Redis, or to the files, which it reads as they lie there and changes through the server that has
them; one at that address that has other files is not asked to.

**Where the server is.** \`--url\`, else \`AGENTICORE_URL\`, else the host and port that a server with the same
configuration would listen on (http://127.0.0.1:8200). A server with keys wants one: \`--api-key\` or
\`AGENTICORE_API_KEY\`.

**What is printed.** Results go to stdout; what is said to the person goes to stderr. On a terminal there are colours,
tables and a live status line; in a pipe or a file there are plain lines, and lists are separated by tabs. \`--json\`
prints JSON instead; for \`run --follow\` and \`watch\` one line per frame of the feed, \`{"id", "event", "data"}\`, and
at last \`{"event": "job", "data": <the job>}\`. \`NO_COLOR\` and \`FORCE_COLOR\` are honoured.

**Job ids** may be shortened to their first characters, three at least, as long as one job among the newest 200 is meant.

**Exit codes.** 0 it worked; 1 it did not, the reason is one sentence on stderr; 2 the command line is not understood;
3 the job succeeded, but its pull request could not be opened; 130 left with Ctrl-C: the job goes on;
141 nobody reads the output any more.`;
