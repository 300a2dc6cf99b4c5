// The whole HTTP surface as an OpenAPI 3.1 document: from the table of addresses, the schemas and the table of errors.
import type { JsonRecord } from '../../domain/json-record.js';
import { SCOPES } from '../../domain/scope.js';
import { type Address, accessOf } from '../http/access.js';
import { describeOperation } from './describe-operation.js';
import { describeSharedRefusals } from './describe-refusal.js';
import { describeSchemas, type ReadSchema } from './describe-schemas.js';
import type { Description } from './operation.js';
import { AGENT } from './operations/agent.js';
import { JOBS } from './operations/jobs.js';
import { MCP } from './operations/mcp.js';
import { OAUTH } from './operations/oauth.js';
import { SERVER } from './operations/server.js';

/** What is not described here cannot be a route. */
const ADDRESSES: Readonly<Record<Address, Description>> = { ...JOBS, ...AGENT, ...MCP, ...SERVER };

export function describeApi(version: string, readSchema: ReadSchema): JsonRecord {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Agenticore',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description: ABOUT,
    },
    servers: [{ url: '/' }],
    tags: TAGS,
    paths: Object.fromEntries([
      ...Object.entries(ADDRESSES).map(([address, description]) => {
        return describePath(pathOf(address), description, (use) => accessOf(address as Address, use));
      }),
      ...Object.entries(OAUTH).map(([path, description]) => describePath(path, description, () => 'public')),
    ]),
    components: {
      schemas: describeSchemas(readSchema),
      responses: describeSharedRefusals(),
      headers: {
        'X-Request-Id': {
          required: true,
          description: 'Under which the log tells of the request; that of the request, where it has one.',
          schema: { type: 'string', minLength: 1, maxLength: 128 },
        },
      },
      securitySchemes: SECURITY,
    },
  };
}

const ABOUT = `Jobs for Claude Code: repository in, branch or pull request out; in agent mode a chat that OpenAI's clients can use.

Which operations a process serves depends on its mode, bus and roles: any other answers 404, another method 405 with \`Allow\`. \`HEAD\` works wherever \`GET\` does, but for OAuth's.
The scopes beside an operation are those that a key with scopes, or a token, must have for it. 500 is a bug; 503 and 429 say when to come back.`;

const TAGS = [
  { name: 'jobs', description: 'A fleet: coding jobs, and the turns of an agent' },
  { name: 'agent', description: 'An agent' },
  { name: 'mcp', description: 'Both, as tools for AI clients; each tool takes the scope of what it does' },
  { name: 'server', description: 'Running the server' },
  { name: 'oauth', description: 'How clients come to tokens' },
];

const SECURITY = {
  key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
  bearer: { type: 'http', scheme: 'bearer', description: 'A key, or an access token.' },
  oauth: {
    type: 'oauth2',
    flows: {
      authorizationCode: {
        authorizationUrl: '/authorize',
        tokenUrl: '/token',
        refreshUrl: '/token',
        scopes: Object.fromEntries(SCOPES.map((scope) => [scope, ''])),
      },
    },
  },
};

/** `/jobs/:id` and `/v1/models/*id` as OpenAPI writes them. */
const pathOf = (address: string): string => address.replace(/[:*](\w+)/g, '{$1}');

function describePath(
  path: string,
  { tag, ...operations }: Description,
  access: (use: 'read' | 'write') => ReturnType<typeof accessOf>,
): readonly [string, JsonRecord] {
  const described = Object.entries(operations).map(([method, operation]) => [
    method.toLowerCase(),
    describeOperation({ method, path, tag, access: access(method === 'GET' ? 'read' : 'write') }, operation),
  ]);
  return [path, Object.fromEntries(described)];
}
