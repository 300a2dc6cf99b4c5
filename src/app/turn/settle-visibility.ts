// What the reader of a turn is shown: as chosen in its prompt, for this request, or earlier.
import type { TurnRequest } from '../../domain/chat.js';
import { takePartTokens } from '../../domain/slash-tokens.js';
import { applyTokens, type StreamConfig, TEXT_ONLY, type Visibility } from '../../domain/visibility.js';
import type { Thread } from './thread.js';
import type { TurnDeps } from './turn-deps.js';

export interface Shown {
  readonly visibility: Visibility;
  readonly config: StreamConfig;
  /** The caller wants to be told. */
  readonly isAsked: boolean;
  /** There is nothing else to do. */
  readonly isAll: boolean;
}

/** Settles it, and remembers what the prompt chose. Throws BUS_UNREACHABLE. */
export async function settleVisibility(deps: TurnDeps, request: TurnRequest, thread: Thread): Promise<Shown> {
  const { conversations, policy } = deps;
  if (request.auxiliary) {
    const config = { visibility: TEXT_ONLY, scope: 'request' } as const;
    return { visibility: TEXT_ONLY, config, isAsked: false, isAll: false };
  }
  const { parts, tokens, asksStatus } = takePartTokens(request.prompt);
  const scope = scopeOf(deps, request, thread);
  const before = (await conversations.visibility(scope.key)) ?? policy.visibility;
  const chosen = applyTokens(before, tokens);
  if (JSON.stringify(chosen) !== JSON.stringify(before))
    await conversations.setVisibility(
      scope.key,
      chosen,
      scope.name === 'agent' ? undefined : policy.sessionTtlMs,
    );
  const visibility = request.visibility ?? chosen;
  const config = configOf(request, visibility, scope);
  const isAll = parts.length === 0 && (tokens.length > 0 || asksStatus);
  return { visibility, config, isAsked: asksStatus, isAll };
}

/** What the caller of such a turn was told beside it; undefined when it did not ask. */
export function toldConfig(
  deps: TurnDeps,
  request: TurnRequest,
  thread: Thread,
  visibility: Visibility,
): StreamConfig | undefined {
  if (request.auxiliary || !takePartTokens(request.prompt).asksStatus) return undefined;
  return configOf(request, visibility, scopeOf(deps, request, thread));
}

interface Scope {
  readonly key: string;
  readonly name: 'agent' | 'caller' | 'conversation';
}

const configOf = (request: TurnRequest, visibility: Visibility, { name }: Scope): StreamConfig => ({
  visibility,
  scope: request.visibility === undefined ? name : 'request',
});

/** One user's choice must not change another's: only who has neither a conversation nor a name shares the agent's. */
function scopeOf({ packages }: TurnDeps, { caller }: TurnRequest, { id, isNamed }: Thread): Scope {
  const { name: agent } = packages.current();
  if (isNamed && id !== undefined) return { key: `conversation:${id}`, name: 'conversation' };
  if (caller.name === ANYBODY && caller.user === undefined) return { key: agent, name: 'agent' };
  return { key: JSON.stringify([agent, caller.name, caller.user]), name: 'caller' };
}

/** Who shows no key. */
const ANYBODY = 'anonymous';
