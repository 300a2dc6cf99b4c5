// What a chat request becomes, and what it is refused for: field by field.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask, HI } from './ask.js';
import { startOpenAiServer } from './openai-server.js';

const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(8)]).toString('base64');
const webp = Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1').toString('base64');
const image = (url: unknown): unknown => ({ type: 'image_url', image_url: { url } });
const user = (content: unknown) => ({ role: 'user', content });
const deep = (levels: number): unknown => (levels === 0 ? {} : { properties: { x: deep(levels - 1) } });

type Body = Readonly<Record<string, unknown>>;

const REFUSED: readonly (readonly [what: string, body: Body | string, param: string | null, says: RegExp])[] =
  [
    ['no JSON', '{"messages":', null, /not valid JSON/],
    ['no object', '[]', null, /map of names/],
    ['no messages', { model: 'sonnet' }, 'messages', /^messages is required\.$/],
    ['empty messages', { messages: [] }, 'messages', /^messages must be a list that is not empty/],
    ['no list of messages', { messages: 'hi' }, 'messages', /list/],
    ['no role', { messages: [{ content: 'hi' }] }, 'messages[0].role', /required/],
    [
      'an unknown role',
      { messages: [{ role: 'robot', content: 'hi' }] },
      'messages[0].role',
      /one of system/,
    ],
    ['an empty question', { messages: [...HI, user(' ')] }, 'messages[1].content', /not be empty/],
    [
      'an answer last',
      { messages: [...HI, { role: 'assistant', content: 'x' }] },
      'messages[1].role',
      /user or tool/,
    ],
    [
      'instructions alone',
      { messages: [{ role: 'system', content: 'x' }] },
      'messages[0].role',
      /user or tool/,
    ],
    ['content that is a number', { messages: [user(7)] }, 'messages[0].content', /text/],
    [
      'a part of sound',
      { messages: [...HI, user([{ type: 'text', text: 'a' }, { type: 'input_audio' }])] },
      'messages[1].content[1]',
      /"input_audio"/,
    ],
    ['a part without type', { messages: [user([{}])] }, 'messages[0].content[0]', /undefined/],
    [
      'a text part without text',
      { messages: [user([{ type: 'text' }])] },
      'messages[0].content[0]',
      /must have a text/,
    ],
    [
      'an image elsewhere',
      { messages: [user([image('https://example.com/a.png')])] },
      'messages[0].content[0]',
      /not fetched/,
    ],
    ['an image that is no text', { messages: [user([image(7)])] }, 'messages[0].content[0]', /with a url/],
    [
      'a drawing',
      { messages: [user([image(`data:image/svg+xml;base64,${png}`)])] },
      'messages[0].content[0]',
      /png, jpeg, gif or webp/,
    ],
    [
      'an image that is another',
      { messages: [user([image(`data:image/jpeg;base64,${png}`)])] },
      'messages[0].content[0]',
      /its bytes are not/,
    ],
    [
      'an image that is none',
      { messages: [user([image('data:image/png;base64,!!!!')])] },
      'messages[0].content[0]',
      /base64/,
    ],
    [
      'an image that is too large',
      { messages: [user([image(`data:image/png;base64,${'A'.repeat(7_000_000)}`)])] },
      'messages[0].content[0]',
      /larger than 5 MiB/,
    ],
    [
      'an image of the assistant',
      { messages: [{ role: 'assistant', content: [image(`data:image/png;base64,${png}`)] }, ...HI] },
      'messages[0].content[0]',
      /only messages from user/,
    ],
    ['two answers', { messages: HI, n: 2 }, 'n', /must be 1/],
    [
      'a forced tool',
      { messages: HI, tool_choice: { type: 'function', function: { name: 'x' } } },
      'tool_choice',
      /auto or none/,
    ],
    ['any tool', { messages: HI, tool_choice: 'required' }, 'tool_choice', /auto or none/],
    ['a forced function', { messages: HI, function_call: { name: 'x' } }, 'function_call', /auto or none/],
    [
      'a schema that is missing',
      { messages: HI, response_format: { type: 'json_schema' } },
      'response_format.json_schema.schema',
      /JSON Schema/,
    ],
    [
      'a schema of a list',
      { messages: HI, response_format: { type: 'json_schema', json_schema: { schema: { type: 'array' } } } },
      'response_format.json_schema.schema',
      /object/,
    ],
    [
      'a format that nobody knows',
      { messages: HI, response_format: { type: 'yaml' } },
      'response_format.type',
      /json_schema/,
    ],
    ['a user that is no text', { messages: HI, user: 7 }, 'user', /text/],
    ['a stream that is no choice', { messages: HI, stream: 'yes' }, 'stream', /true or false/],
    ['an effort that nobody knows', { messages: HI, reasoning_effort: 'huge' }, 'reasoning_effort', /one of/],
    ['a deadline before now', { messages: HI, timeout: -1 }, 'timeout', /0/],
    [
      'a visibility that nobody knows',
      { messages: HI, metadata: { visibility: 'sounds' } },
      'metadata.visibility',
      /no visibility/,
    ],
    [
      'nesting without end',
      { messages: HI, tools: [deep(40)] },
      `tools.0${'.properties.x'.repeat(7)}.p`,
      /nested/,
    ],
  ];

describe('a request that cannot be done', async () => {
  for (const [what, body, param, says] of REFUSED) {
    it(`${what}`, async (t) => {
      const server = await startOpenAiServer(t);
      const response = await ask(server, body);
      const { error } = (await response.json()) as { error: Record<string, unknown> };
      assert.equal(response.status, 400);
      assert.match(String(error.message), says);
      assert.equal(error.type, 'invalid_request_error');
      assert.equal(error.param, param);
      assert.deepEqual(server.turns.asked, []);
    });
  }

  it('a model that is not there', async (t) => {
    const response = await ask(await startOpenAiServer(t), { messages: HI, model: 'gpt-4o' });
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    assert.equal(response.status, 404);
    assert.deepEqual([error.type, error.param, error.code], ['not_found_error', 'model', 'model_not_found']);
  });
});

const text = (words: string) => ({ kind: 'text', text: words });
const PLAIN = {
  caller: { name: 'anonymous' },
  model: 'claude:tester',
  history: [],
  prompt: [text('hi')],
  options: {},
  auxiliary: false,
};

const TAKEN: readonly (readonly [what: string, body: Body, turn: Body, headers?: Record<string, string>])[] =
  [
    ['one question', { messages: HI }, {}],
    ['a model behind its provider', { messages: HI, model: 'ours/sonnet' }, { model: 'claude:sonnet' }],
    [
      'everything that clients send by habit',
      {
        messages: HI,
        n: 1,
        temperature: 0,
        top_p: 1,
        presence_penalty: 0,
        frequency_penalty: 0,
        seed: 1,
        stop: ['x'],
        store: false,
        service_tier: 'auto',
        logprobs: false,
        max_tokens: 8000,
        max_completion_tokens: 8000,
        parallel_tool_calls: true,
        tools: [{ type: 'function', function: { name: 'x', parameters: deep(12) } }],
        tool_choice: 'auto',
        functions: [],
        user: null,
        metadata: null,
        stream_options: null,
        response_format: null,
        reasoning_effort: null,
        timeout: null,
        disable_mcp_servers: null,
        function_call: 'none',
        whatever: { is: 'new' },
      },
      {},
    ],
    [
      'instructions, wherever they stand',
      {
        messages: [
          { role: 'system', content: 'Be brief.' },
          ...HI,
          { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
          user('go'),
        ],
      },
      {
        instructions: 'Be brief.\n\nBe kind.',
        history: [{ role: 'user', parts: [text('hi')] }],
        prompt: [text('go')],
      },
    ],
    [
      'a history, with answers of which nothing was shown',
      {
        messages: [
          user('a'),
          { role: 'assistant', content: 'b' },
          { role: 'assistant', content: '' },
          { role: 'assistant', content: null },
          user('c'),
        ],
      },
      {
        history: [
          { role: 'user', parts: [text('a')] },
          { role: 'assistant', parts: [text('b')] },
          { role: 'assistant', parts: [] },
          { role: 'assistant', parts: [] },
        ],
        prompt: [text('c')],
      },
    ],
    [
      'tools that the client ran',
      {
        messages: [
          user('a'),
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'ls', arguments: '{}' } }, 'odd'],
          },
          { role: 'tool', tool_call_id: 'c1', content: 'x.txt' },
          { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'y.txt' }] },
        ],
      },
      {
        history: [
          { role: 'user', parts: [text('a')] },
          { role: 'assistant', parts: [text('[called tool ls with {}]')] },
        ],
        prompt: [text('[result of tool c1]\n'), text('x.txt'), text('[result of tool c2]\n'), text('y.txt')],
      },
    ],
    [
      'a function of old clients',
      {
        messages: [
          user('a'),
          { role: 'assistant', function_call: { name: 'ls', arguments: '{"a":1}' } },
          { role: 'function', name: 'ls', content: 'x' },
        ],
      },
      {
        history: [
          { role: 'user', parts: [text('a')] },
          { role: 'assistant', parts: [text('[called tool ls with {"a":1}]')] },
        ],
        prompt: [text('[result of tool ls]\n'), text('x')],
      },
    ],
    [
      'images',
      {
        messages: [
          user([
            image(`data:image/png;base64,${png}`),
            { type: 'text', text: 'what?' },
            { type: 'image_url', image_url: `data:image/webp;base64,${webp}` },
          ]),
        ],
      },
      {
        prompt: [
          { kind: 'image', mediaType: 'image/png', data: png },
          text('what?'),
          { kind: 'image', mediaType: 'image/webp', data: webp },
        ],
      },
    ],
    ['half a character', { messages: [user('a\ud83d')] }, { prompt: [text('a\ufffd')] }],
    ['a user', { messages: HI, user: 'u1' }, { caller: { name: 'anonymous', user: 'u1' } }],
    [
      'a user of a chat UI',
      { messages: HI, user: 'u1' },
      { caller: { name: 'anonymous', user: 'u2' } },
      { 'X-OpenWebUI-User-Id': 'u2' },
    ],
    ['a conversation', { messages: HI, metadata: { conversation_id: 'c1' } }, { conversationKey: 'c1' }],
    [
      'a conversation of a chat UI',
      { messages: HI, metadata: { conversation_id: 'c1' } },
      { conversationKey: 'c2' },
      { 'x-librechat-conversation-id': 'c2', 'x-openwebui-chat-id': 'c3' },
    ],
    [
      'a template that was not filled in',
      { messages: HI },
      {},
      { 'x-conversation-id': '{{CHAT_ID}}', 'x-openwebui-chat-id': '' },
    ],
    [
      'what is to be shown',
      { messages: HI, metadata: { visibility: 'tools' } },
      { visibility: { thinking: false, tools: true, narration: false, final: true } },
    ],
    [
      'what is to be shown, by a header',
      { messages: HI, metadata: { visibility: 'tools' } },
      { visibility: { thinking: true, tools: false, narration: false, final: true } },
      { 'X-Agenticore-Visibility': 'thinking' },
    ],
    ['little effort', { messages: HI, reasoning_effort: 'minimal' }, { options: { effort: 'low' } }],
    ['no effort', { messages: HI, reasoning_effort: 'none' }, { options: { effort: 'low' } }],
    ['much effort', { messages: HI, reasoning_effort: 'xhigh' }, { options: { effort: 'xhigh' } }],
    ['a deadline', { messages: HI, timeout: 1.5 }, { options: { timeoutS: 1.5 } }],
    ['no deadline', { messages: HI, timeout: 0 }, {}],
    [
      'an object',
      { messages: HI, response_format: { type: 'json_object' } },
      { options: { jsonSchema: { type: 'object' } } },
    ],
    ['plain text', { messages: HI, response_format: { type: 'text' } }, {}],
    [
      'a schema',
      {
        messages: HI,
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', schema: { type: 'object', required: ['a'] } },
        },
      },
      { options: { jsonSchema: { type: 'object', required: ['a'] } } },
    ],
    [
      'servers that are left out',
      { messages: HI, disable_mcp_servers: ['a', 'b'] },
      { options: { disabledMcpServers: ['a', 'b'] } },
    ],
    [
      'servers that are left out, as a text',
      { messages: HI, disable_mcp_servers: 'a, b,' },
      { options: { disabledMcpServers: ['a', 'b'] } },
    ],
    [
      'what is asked on the side',
      { messages: [user('### Task: a title')] },
      { auxiliary: true, prompt: [text('### Task: a title')] },
    ],
  ];

describe('a request becomes a turn', () => {
  for (const [what, body, turn, headers] of TAKEN) {
    it(what, async (t) => {
      const server = await startOpenAiServer(t, { script: { result: { structuredOutput: {} } } });
      const response = await ask(server, body, headers);
      assert.equal(response.status, 200, await response.clone().text());
      assert.deepEqual(server.turns.asked, [{ ...PLAIN, ...turn }]);
    });
  }

  it('names the model as it was named', async (t) => {
    const server = await startOpenAiServer(t);
    const modelOf = async (body: Body): Promise<unknown> =>
      ((await (await ask(server, { messages: HI, ...body })).json()) as { model: unknown }).model;
    assert.equal(await modelOf({ model: 'ours/sonnet' }), 'ours/sonnet');
    assert.equal(await modelOf({}), 'tester');
  });

  it('takes a long history with images', async (t) => {
    const server = await startOpenAiServer(t);
    const large = Buffer.concat([Buffer.from(png, 'base64'), Buffer.alloc(3_000_000)]);
    const url = `data:image/png;base64,${large.toString('base64')}`;
    const messages = Array.from({ length: 4 }, () => user([image(url)]));
    assert.equal((await ask(server, { messages: [...messages, ...HI] })).status, 200);
    const many = Array.from({ length: 3000 }, (_, at) =>
      at % 2 === 0 ? user('a') : { role: 'assistant', content: 'b' },
    );
    assert.equal((await ask(server, { messages: [...many, ...HI] })).status, 200);
  });
});
