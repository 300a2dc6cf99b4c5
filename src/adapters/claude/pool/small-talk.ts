// What claude may say between two turns without knowing more afterwards than before.
import type { AgentMessage } from '../../../ports/agent.js';

/** System messages that show a turn which nobody asked for. */
const TURN_SIGNS = new Set(['init', 'api_retry', 'compact_boundary', 'model_fallback']);

/** True when the message does not show that claude has asked its model anything. */
export function isHarmless({ type, message }: AgentMessage): boolean {
  if (type === 'rate_limit_event' || type === 'keep_alive') return true;
  if (type !== 'system') return false;
  if (message.subtype === 'session_state_changed') return message.state === 'idle';
  return !TURN_SIGNS.has(String(message.subtype));
}
