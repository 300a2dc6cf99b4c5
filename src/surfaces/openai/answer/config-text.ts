// What is shown from now on, told as the predecessor told it: scripts read it.
import type { StreamConfig } from '../../../domain/visibility.js';

/** One line of JSON. */
export const configText = ({ visibility, scope }: StreamConfig): string =>
  JSON.stringify({
    show_thinking: visibility.thinking,
    show_tools: visibility.tools,
    show_narration: visibility.narration,
    show_final: visibility.final,
    scope,
  });

export const CONFIG_TAG = { x_agenticore_event_type: 'stream_config' };
