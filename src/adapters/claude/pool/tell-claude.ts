// Says to claude what a turn begins with: who it is, unless it has been told, what was said before, unless it knows,
// and what is asked now. Everything that need not wait goes in one write.

import type { Hearing } from './hear-turn.js';
import type { TurnDrive } from './turn-drive.js';
import { historyLine, initializeLine, type Line, promptLine } from './words.js';

/** Resolves when claude was asked; not at all when the turn is over before. */
export async function tellClaude(
  { process, order, start, signal }: TurnDrive,
  hearing: Hearing,
): Promise<void> {
  const { claude, life } = process;
  const lines: Line[] = [];
  if (life.systemPrompt === undefined) lines.push(initializeLine(order.systemPrompt));
  life.systemPrompt = order.systemPrompt;
  for (const message of start.memory === 'injected' ? order.history : []) {
    const line = historyLine(message);
    if (line === undefined) continue;
    lines.push(line);
    if (line.type !== 'user') continue;
    // What the user said is queued, an answer is not: without waiting it would be put before its question.
    const noted = hearing.nextNote();
    claude.say(...lines.splice(0));
    await noted;
    if (signal.aborted) return;
  }
  hearing.expectAnswer();
  claude.say(...lines, promptLine(order.prompt, order.launch.commands));
}
