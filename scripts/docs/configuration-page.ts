// docs/configuration.md, made from the schema that the configuration is checked with.
import { configLeaves, envOnly, type Leaf } from '../../src/runtime/config/leaves.js';
import { sayAllowed } from '../../src/runtime/schema-sentences.js';
import { table } from './table.js';

const HEAD = `# Configuration

<!-- Made by \`npm run docs\` from schemas/config.schema.json; edit that instead. -->

Every setting can be given in \`config.yml\`, most of them as an environment variable, a few as a flag. A flag wins over
the environment, the environment over the file, the file over the default.

The file is the one that \`AGENTICORE_CONFIG\` names, else \`config.yml\` in \`AGENTICORE_HOME\`, which is \`~/.agenticore\`
when it is not set:

\`\`\`yaml
server:
  port: 8300
worker:
  max_attempts: 2
\`\`\`

Everything is checked once, at start. All problems are reported together, each with the place it comes from and what is
allowed there. A key of the file that is not known is an error; a variable \`AGENTICORE_...\` or
\`AGENT_MODE_...\` that is not known is a warning, because Kubernetes sets such variables by itself. \`AGENTICORE_PORT=tcp://...\` is one of those and is ignored.

- A variable that is empty is not set. Several values of one variable are divided by commas.
- true, yes, on and 1 are one thing, false, no, off and 0 the other.
- A secret can also be read from a file: \`AGENTICORE_API_KEYS_FILE=/run/secrets/keys\` instead of
  \`AGENTICORE_API_KEYS\`. Below, secrets are marked 🔒.
- \`~\` stands for your home folder; relative paths begin where the process was started.`;

const TAIL = `## What claude gets of the environment

The environment of claude is built from nothing. From the server's own it gets

- \`PATH\`, \`LANG\`, \`LC_*\`, \`TZ\`, the proxy variables (\`HTTP_PROXY\`, \`HTTPS_PROXY\`, \`ALL_PROXY\`, \`NO_PROXY\`),
  \`NODE_EXTRA_CA_CERTS\`, \`SSL_CERT_FILE\` and \`SSL_CERT_DIR\`;
- the model's: \`ANTHROPIC_*\` and \`CLAUDE_CODE_*\`. \`ANTHROPIC_API_KEY\`, \`ANTHROPIC_AUTH_TOKEN\` and
  \`CLAUDE_CODE_OAUTH_TOKEN\` can be read from files, as above;
- the credentials of a cloud when the model is reached through it: \`AWS_*\` with \`CLAUDE_CODE_USE_BEDROCK\`, Google's
  with \`CLAUDE_CODE_USE_VERTEX\`, \`AZURE_*\` with \`CLAUDE_CODE_USE_FOUNDRY\`;
- what a profile or an agent's package lists under \`env\`. Variables of the server itself (\`AGENTICORE_*\`,
  \`AGENT_MODE_*\`, \`AGENTIHUB_*\`, \`PACKAGE_REPO_*\`, \`REDIS_*\`, \`GITHUB_*\`, \`OAUTH_*\`, \`LANGFUSE_*\`) are refused
  even there, with a warning in the log.

Values that are known to be secret are taken out of the log, the transcripts, tasks and every error. How hosts of
repositories let a server in, and where those secrets are: [credentials](credentials.md).`;

/** The whole page. */
export function configurationPage(): string {
  const leaves = configLeaves();
  const sections = [...new Set(leaves.map(groupOf))].map((group) =>
    section(
      group === '' ? 'General' : `\`${group}\``,
      leaves.filter((leaf) => groupOf(leaf) === group),
    ),
  );
  const names = Object.entries(envOnly()).map(([name, text]) => [`\`${name}\``, text]);
  const only = `## Only in the environment\n\n${table(['variable', 'what it is'], names)}`;
  return `${[HEAD, ...sections, only, TAIL].join('\n\n')}\n`;
}

const groupOf = ({ key }: Leaf): string => key.slice(0, Math.max(0, key.indexOf('.')));

function section(title: string, leaves: readonly Leaf[]): string {
  const rows = leaves.map((leaf) => [
    `\`${leaf.key}\`${leaf.secret ? ' 🔒' : ''}`,
    names(leaf),
    byDefault(leaf),
    `${leaf.schema.description ?? ''} ${sayWhatIsAllowed(leaf)}`.trim(),
  ]);
  return `## ${title}\n\n${table(['key', 'variable, flag', 'default', 'what it is'], rows)}`;
}

const names = ({ env, flag }: Leaf): string =>
  [...(env === undefined ? [] : [`\`${env}\``]), ...(flag === undefined ? [] : [`\`--${flag}\``])].join(
    ', ',
  ) || '-';

function byDefault({ schema }: Leaf): string {
  const said = schema['x-default'];
  if (typeof said === 'string') return said;
  if (schema.default === undefined) return '-';
  if (Array.isArray(schema.default))
    return schema.default.length === 0 ? 'none' : `\`${schema.default.join(',')}\``;
  return `\`${String(schema.default)}\``;
}

/** Types that explain themselves (a text, a list of texts, yes or no) are left unsaid. */
function sayWhatIsAllowed({ schema }: Leaf): string {
  const { items = schema } = schema;
  if (items.enum !== undefined) return `One${schema.items ? ' or more' : ''} of ${items.enum.join(', ')}.`;
  if (schema.type !== 'integer') return '';
  const allowed = sayAllowed(schema);
  return `${allowed.charAt(0).toUpperCase()}${allowed.slice(1)}.`;
}
