// How to know what a chat UI asks on the side - a title, tags, follow-ups - with the same model, the same session headers
// and nothing else to tell it from a turn of its user. Such a request must not reach the conversation.

export interface AskedAside {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** All messages in order, with their texts. */
  readonly messages: readonly { readonly role: string; readonly text: string }[];
}

/** Names the work in words; empty for what a user asks. */
const TASK_HEADER = 'x-openwebui-task';

/** How the whole request begins, for UIs that say it in the one message of a user. */
const ALONE = [/^Provide a concise, 5-word-or-less title\b/, /^Analyze this conversation and provide:/];
/** Users write headings of this kind, too; the UI's own go on with one of its tasks, or bring the chat along. */
const TASK = /^### Task:/;
const TASK_OF_UI =
  /^### Task:\s*[^\n]*\b(?:titles?|tags|follow[- ]?ups?|emojis?|queries|autocompletion|image generation)\b|<chat_history>/i;
const TITLE_GENERATOR = /^You are a title generator\b/;

/** True for a request that a chat UI makes on its own account. */
export function isAuxiliary({ headers, messages }: AskedAside): boolean {
  const task = headers[TASK_HEADER]?.trim() ?? '';
  // A header whose template was not filled in says nothing.
  if (task !== '' && !task.startsWith('{{')) return true;
  const texts = messages.map(({ role, text }) => ({ role, text: text.trimStart() }));
  if (texts.some(({ role, text }) => isInstruction(role) && TITLE_GENERATOR.test(text))) return true;
  const [asked, ...more] = texts.filter(({ role }) => !isInstruction(role));
  if (asked === undefined || more.length > 0 || asked.role !== 'user') return false;
  if (TASK.test(asked.text)) return TASK_OF_UI.test(asked.text);
  return ALONE.some((beginning) => beginning.test(asked.text));
}

const isInstruction = (role: string): boolean => role === 'system' || role === 'developer';
