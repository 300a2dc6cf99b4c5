// What chat UIs ask on the side is known, and what their users ask is not mistaken for it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAuxiliary } from '../../src/domain/auxiliary.js';

const user = (text: string) => ({ role: 'user', text });
const system = (text: string) => ({ role: 'system', text });
const said = (text: string) => ({ role: 'assistant', text });

const openWebUiTitle = `### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Guidelines:
- The title should clearly represent the main theme or subject of the conversation.
### Output:
JSON format: { "title": "your concise title here" }
### Chat History:
<chat_history>
USER: hi
ASSISTANT: hello
</chat_history>`;
const libreChatTitle = `Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return the title itself.

Conversation:
User: hi
AI: hello`;

describe('a request on the side', () => {
  for (const [name, messages, headers = {}] of [
    ['a task named in a header', [user('hi')], { 'x-openwebui-task': 'title_generation' }],
    ['a title for Open WebUI', [user(openWebUiTitle)]],
    ['tags', [user('### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history')]],
    ['follow-ups', [user('### Task:\nSuggest 3-5 relevant follow-up questions or prompts')]],
    ['some other task over the chat', [user('### Task:\nJudge it.\n<chat_history>\n</chat_history>')]],
    ['a title for LibreChat', [user(libreChatTitle)]],
    ['a structured title for LibreChat', [user('Analyze this conversation and provide:\n1. The language')]],
    [
      'a title for opencode',
      [system('You are a title generator. You output ONLY a thread title.'), user('hi')],
    ],
    ['a title beside a system prompt', [system('Be brief.'), user(libreChatTitle)]],
    ['a title behind white space', [user(`\n${libreChatTitle}`)]],
  ] as const) {
    it(`is ${name}`, () => assert.equal(isAuxiliary({ headers, messages }), true));
  }
});

describe('a request of a user', () => {
  for (const [name, messages, headers = {}] of [
    ['is a chat with an empty header', [user('hi')], { 'x-openwebui-task': ' ' }],
    ['is one whose header was not filled in', [user('hi')], { 'x-openwebui-task': '{{TASK}}' }],
    ['may write about tasks later on', [user('hi'), said('hello'), user('### Task:\nGenerate a title')]],
    ['may begin so and have gone on', [user(openWebUiTitle), said('A Title'), user('why?')]],
    ['may have a heading of its own', [user('### Task:\nWrite a parser.\n### Context:\nIt is for JSON.')]],
    ['may have a task in one line', [user('### Task: fix the build')]],
    ['may quote a prompt', [user('What does "Provide a concise, 5-word-or-less title" do?')]],
    ['may speak of titles', [user('You are a title generator, are you not?')]],
    ['may ask for an analysis', [user('Analyze this conversation')]],
    ['may have a system prompt about titles', [system('You never act as a title generator.'), user('hi')]],
    ['may carry session headers', [user('hi')], { 'x-session-id': 's', 'x-openwebui-chat-id': 'c' }],
    ['may be empty', []],
  ] as const) {
    it(name, () => assert.equal(isAuxiliary({ headers, messages }), false));
  }
});
