// The content of a message, a text or a list of parts, as the parts that Claude gets.
import type { ChatPart } from '../../../domain/chat.js';
import type { JsonRecord } from '../../../domain/json-record.js';
import { invalid } from '../../http/limits.js';
import type { BodyMessage } from './chat-body.js';
import { imagePart } from './image-part.js';

/** `at`: where the message is in the request. Empty texts are left out. Throws INVALID_REQUEST naming the part. */
export function contentParts({ role, content }: BodyMessage, at: string): readonly ChatPart[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return textPart(content);
  const takesImages = role === 'user' || role === 'tool' || role === 'function';
  return content.flatMap((part, index) => readPart(part, `${at}.content[${index}]`, takesImages));
}

function readPart(part: JsonRecord, at: string, takesImages: boolean): readonly ChatPart[] {
  switch (part.type) {
    case 'text':
      return textPart(textOf(part.text, at));
    case 'refusal':
      return textPart(textOf(part.refusal, at));
    case 'image_url':
      if (!takesImages) throw invalid(at, 'is an image; only messages from user and tool may hold one');
      return [imagePart(part, at)];
    default:
      throw invalid(
        at,
        `is of type ${JSON.stringify(part.type)?.slice(0, 60)}; known are text and image_url`,
      );
  }
}

function textOf(text: unknown, at: string): string {
  if (typeof text !== 'string') throw invalid(at, 'must have a text');
  return text;
}

const textPart = (text: string): readonly ChatPart[] => (text === '' ? [] : [{ kind: 'text', text }]);

/** The texts of parts, one after the other. */
export const joinedText = (parts: readonly ChatPart[]): string =>
  parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
