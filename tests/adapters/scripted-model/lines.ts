// Questions that the tests of the CLI ask about what it said.
import { isRecord } from '../../../scripts/scripted-model/request.js';
import type { Line } from './real-claude.js';

/** The value at a path such as `message.content.0.type`, or undefined. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)];
    return isRecord(inner) ? inner[key] : undefined;
  }, value);
}

/** The lines of a type, or of a type and a subtype. */
export function linesOf(lines: readonly Line[], type: string, subtype?: string): readonly Line[] {
  return lines.filter((line) => line.type === type && (subtype === undefined || line.subtype === subtype));
}

/** The blocks of all complete messages of a role, in order. */
export function blocksOf(lines: readonly Line[], role: 'assistant' | 'user'): readonly unknown[] {
  return linesOf(lines, role).flatMap((line) => {
    const content = at(line, 'message.content');
    return Array.isArray(content) ? content : [];
  });
}

/** The texts of the streamed pieces of one kind, such as `text_delta.text`. */
export function piecesOf(lines: readonly Line[], kind: string): readonly unknown[] {
  const [type, key] = kind.split('.');
  return linesOf(lines, 'stream_event')
    .map((line) => at(line, 'event.delta'))
    .filter((delta) => at(delta, 'type') === type)
    .map((delta) => at(delta, key ?? ''));
}
