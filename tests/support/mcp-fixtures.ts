// The tools, resources and prompts that the MCP conformance suite asks a server for by name. No server that is shipped
// has them: they are one more shelf beside its own.
import {
  type CallToolResult,
  CreateMessageResultSchema,
  type ElicitRequestFormParams,
  ElicitResultSchema,
  type PromptMessage,
} from '@modelcontextprotocol/sdk/types.js';
import type { Prompt, Resources, Shelf, Tool, ToolCall } from '../../src/surfaces/mcp/shelf.js';

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

const text = (value: string) => ({ type: 'text' as const, text: value });
const image = { type: 'image' as const, data: PNG, mimeType: 'image/png' };
const embedded = (uri: string, mimeType: string, value: string) => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text: value },
});
const says = (...content: CallToolResult['content']): CallToolResult => ({ content });

function fixture(
  name: string,
  run: (call: ToolCall, args: Readonly<Record<string, unknown>>) => CallToolResult | Promise<CallToolResult>,
  argument?: string,
): Tool {
  const properties = argument === undefined ? {} : { [argument]: { type: 'string' } };
  const required = Object.keys(properties);
  const inputSchema = { type: 'object' as const, properties, required };
  return {
    definition: { name, description: `Conformance fixture ${name}`, inputSchema },
    scope: 'jobs:read',
    run: async (args, call) => run(call, args),
  };
}

async function elicit(call: ToolCall, message: string, properties: object): Promise<string> {
  const params = { message, requestedSchema: { type: 'object', properties } } as ElicitRequestFormParams;
  const answer = await call.extra.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema);
  return `action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`;
}

const titled = (...titles: string[]) => titles.map((title, at) => ({ const: `value${at + 1}`, title }));
const OPTIONS = ['option1', 'option2', 'option3'];

const TOOLS: readonly Tool[] = [
  fixture('test_simple_text', () => says(text('This is a simple text response for testing.'))),
  fixture('test_image_content', () => says(image)),
  fixture('test_audio_content', () => says({ type: 'audio', data: WAV, mimeType: 'audio/wav' })),
  fixture('test_embedded_resource', () =>
    says(embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')),
  ),
  fixture('test_multiple_content_types', () =>
    says(
      text('Multiple content types test:'),
      image,
      embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ),
  ),
  fixture('test_error_handling', () => ({
    ...says(text('This tool intentionally returns an error for testing')),
    isError: true,
  })),
  fixture('test_tool_with_logging', async ({ extra }) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed'])
      await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data } });
    return says(text('Logged.'));
  }),
  fixture('test_tool_with_progress', async ({ extra }) => {
    const progressToken = extra._meta?.progressToken;
    if (progressToken !== undefined)
      for (const progress of [0, 50, 100])
        await extra.sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 100 },
        });
    return says(text('Done.'));
  }),
  fixture(
    'test_sampling',
    async ({ extra }, { prompt }) => {
      const messages = [{ role: 'user' as const, content: text(String(prompt)) }];
      const request = { method: 'sampling/createMessage' as const, params: { messages, maxTokens: 100 } };
      const { content } = await extra.sendRequest(request, CreateMessageResultSchema);
      return says(text(`LLM response: ${content.type === 'text' ? content.text : content.type}`));
    },
    'prompt',
  ),
  fixture(
    'test_elicitation',
    async (call, { message }) => {
      const answer = { type: 'string', description: 'An answer' };
      return says(
        text(`User response: ${await elicit(call, String(message), { username: answer, email: answer })}`),
      );
    },
    'message',
  ),
  fixture('test_elicitation_sep1034_defaults', async (call) => {
    const answer = await elicit(call, 'Defaults', {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    });
    return says(text(`Elicitation completed: ${answer}`));
  }),
  fixture('test_elicitation_sep1330_enums', async (call) => {
    const answer = await elicit(call, 'Choices', {
      untitledSingle: { type: 'string', enum: OPTIONS },
      titledSingle: { type: 'string', oneOf: titled('First Option', 'Second Option') },
      legacyEnum: { type: 'string', enum: ['opt1', 'opt2'], enumNames: ['Option One', 'Option Two'] },
      untitledMulti: { type: 'array', items: { type: 'string', enum: OPTIONS } },
      titledMulti: { type: 'array', items: { anyOf: titled('First Choice', 'Second Choice') } },
    });
    return says(text(`Elicitation completed: ${answer}`));
  }),
];

const RESOURCES: Resources = {
  templates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }],
  list: async () => ({
    resources: ['test://static-text', 'test://static-binary', 'test://watched-resource'].map((uri) => ({
      uri,
      name: uri,
    })),
    next: undefined,
  }),
  async read(uri) {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    if (id !== undefined) {
      const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
      return { contents: [{ uri, mimeType: 'application/json', text: data }] };
    }
    switch (uri) {
      case 'test://static-text':
        return {
          contents: [
            { uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
          ],
        };
      case 'test://static-binary':
        return { contents: [{ uri, mimeType: 'image/png', blob: PNG }] };
      case 'test://watched-resource':
        return { contents: [{ uri, mimeType: 'text/plain', text: 'Watched.' }] };
      default:
        return undefined;
    }
  },
  watch: () => undefined,
};

function prompt(
  name: string,
  args: readonly string[],
  content: (given: Readonly<Record<string, string>>) => PromptMessage['content'][],
): Prompt {
  return {
    definition: { name, description: name, arguments: args.map((one) => ({ name: one, required: true })) },
    get: (given) => ({ messages: content(given).map((one) => ({ role: 'user' as const, content: one })) }),
  };
}

const PROMPTS: readonly Prompt[] = [
  prompt('test_simple_prompt', [], () => [text('This is a simple prompt for testing.')]),
  prompt('test_prompt_with_arguments', ['arg1', 'arg2'], ({ arg1, arg2 }) => [
    text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
  ]),
  prompt('test_prompt_with_embedded_resource', ['resourceUri'], ({ resourceUri = '' }) => [
    embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
    text('Please process the embedded resource above.'),
  ]),
  prompt('test_prompt_with_image', [], () => [image, text('Please analyze the image above.')]),
];

/** What the suite asks for. */
export const fixtureShelf = (): Shelf => ({
  tools: TOOLS,
  resources: RESOURCES,
  prompts: async () => PROMPTS,
});
