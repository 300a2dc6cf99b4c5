// Who speaks in a turn: the main agent, and the sub-agents of its tool calls. Each has its own text and thinking under way,
// and what is said becomes pieces for those who may see it.
import type { DeltaData } from './deltas.js';
import type { MainText } from './main-text.js';
import type { SaidBlock } from './said-blocks.js';
import { BLANK_LINE, openBlock, type SpokenBlock } from './spoken-block.js';
import type { TurnPiece } from './turn-piece.js';
import type { Visibility } from './visibility.js';

/** `parent`: the tool call whose sub-agent speaks; undefined for the main agent. */
export interface TurnVoices {
  takeDelta(delta: DeltaData): readonly TurnPiece[];
  /** A block that is complete, whether or not it has streamed. */
  takeBlock(block: SaidBlock, parent: string | undefined): readonly TurnPiece[];
  /** The streams of one agent, or of all, broke, and begin again. */
  restart(parent: string | undefined): void;
  restartAll(): void;
  /** What is under way will not be completed. */
  forgetAll(): void;
  /** A tool was called. */
  hasActed(): boolean;
}

/** What an agent is saying. */
interface Voice {
  text: SpokenBlock | undefined;
  thinking: SpokenBlock | undefined;
  /** Readers have got thinking of it. */
  hasThought: boolean;
  /** Readers have got text of it whose end they have not been told. */
  isSpeaking: boolean;
}

export function createTurnVoices(visibility: Visibility, main: MainText): TurnVoices {
  const voices = new Map<string | undefined, Voice>();
  let hasActed = false;

  function voiceOf(parent: string | undefined): Voice {
    const known = voices.get(parent);
    if (known !== undefined) return known;
    const voice: Voice = { text: undefined, thinking: undefined, hasThought: false, isSpeaking: false };
    voices.set(parent, voice);
    return voice;
  }

  /** What a sub-agent does belongs to the tool call that it is the work of. */
  const isShown = (parent: string | undefined): boolean => parent === undefined || visibility.tools;

  type Say = (block: SpokenBlock) => string;

  function think(parent: string | undefined, say: Say): readonly TurnPiece[] {
    const voice = voiceOf(parent);
    const isNew = voice.thinking === undefined;
    voice.thinking ??= openBlock();
    const text = say(voice.thinking);
    if (text === '' || !visibility.thinking || !isShown(parent)) return [];
    const gap = isNew && voice.hasThought ? BLANK_LINE : '';
    voice.hasThought = true;
    return [{ kind: 'thinking', text: gap + text, ...of(parent) }];
  }

  function speak(parent: string | undefined, say: Say): readonly TurnPiece[] {
    const voice = voiceOf(parent);
    voice.text ??= openBlock();
    const text = say(voice.text);
    if (parent === undefined) return main.add(text, voice.text);
    if (text === '' || !visibility.narration || !isShown(parent)) return [];
    voice.isSpeaking = true;
    return [{ kind: 'text', text, ...of(parent) }];
  }

  /** Whatever a sub-agent says is said on the way. */
  function endSpeech(parent: string | undefined): readonly TurnPiece[] {
    const voice = voiceOf(parent);
    if (parent === undefined || !voice.isSpeaking) return [];
    voice.isSpeaking = false;
    return [{ kind: 'text-end', role: 'narration', ...of(parent) }];
  }

  return {
    takeDelta({ delta, text, parent_tool_use_id }) {
      const parent = parent_tool_use_id ?? undefined;
      const grow: Say = (block) => block.grow(text);
      switch (delta) {
        case 'thinking':
          return think(parent, grow);
        case 'text':
          return speak(parent, grow);
        case 'input_json':
          return parent === undefined ? main.close('narration') : [];
        default:
          return delta satisfies never;
      }
    },

    takeBlock(block, parent) {
      const voice = voiceOf(parent);
      switch (block.kind) {
        case 'thinking': {
          const pieces = think(parent, (spoken) => spoken.complete(block.text));
          voice.thinking = undefined;
          return pieces;
        }
        case 'text': {
          const pieces = speak(parent, (spoken) => spoken.complete(block.text));
          forget(voice); // thinking that was never completed belonged to a stream that broke
          return [...pieces, ...endSpeech(parent)];
        }
        case 'tool-use': {
          hasActed = true;
          forget(voice);
          const before = parent === undefined ? main.close('narration') : endSpeech(parent);
          return visibility.tools ? [...before, { ...block, ...of(parent) }] : before;
        }
        case 'tool-result': // may come while a later block is being written
          return visibility.tools ? [{ ...block, ...of(parent) }] : [];
        default:
          return block satisfies never;
      }
    },

    restart: (parent) => restart(voiceOf(parent)),
    restartAll: () => voices.forEach(restart),
    forgetAll: () => voices.forEach(forget),
    hasActed: () => hasActed,
  };
}

function restart(voice: Voice): void {
  voice.text?.restart();
  voice.thinking?.restart();
}

function forget(voice: Voice): void {
  voice.text = undefined;
  voice.thinking = undefined;
}

const of = (parent: string | undefined) => (parent === undefined ? {} : { parent });
