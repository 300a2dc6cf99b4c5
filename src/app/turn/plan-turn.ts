// What Claude is asked, in which process, and with what in mind.
import type { TurnRequest } from '../../domain/chat.js';
import { canonicalJson } from '../../domain/evidence.js';
import { withoutToggles } from '../../domain/exchanges.js';
import { takePartTokens } from '../../domain/slash-tokens.js';
import type { Conversation } from '../../ports/conversations.js';
import type { AgentPackage } from '../../ports/packages.js';
import type { TurnOrder } from '../../ports/turn-agent.js';
import { launchOf, systemPromptOf } from './launch.js';
import type { Thread } from './thread.js';
import type { TurnDeps, TurnStage } from './turn-deps.js';

/** What is known when a turn begins. */
export interface TurnFacts {
  /** `<job id>.<attempt>` */
  readonly turn: string;
  readonly request: TurnRequest;
  readonly thread: Thread;
  /** What the bus knows of the conversation. */
  readonly known: Conversation | undefined;
  readonly agent: AgentPackage;
}

export interface TurnPlan {
  readonly order: TurnOrder;
  /** Hash of what Claude's session is begun with: with another it cannot be gone on with. */
  readonly setup: string;
  /** The name under which the conversation keeps its process. */
  readonly name: string;
  /** Hash of what Claude has in mind before the turn. */
  readonly head: string;
}

/** Plans a turn. Throws BROKEN_PACKAGE. */
export async function planTurn(deps: TurnDeps, stage: TurnStage, facts: TurnFacts): Promise<TurnPlan> {
  const { turn, request, thread, known, agent } = facts;
  const launch = await launchOf(deps, stage, agent, request);
  const systemPrompt = systemPromptOf(agent, request);
  const setup = deps.hash(canonicalJson({ launch: launch.key, systemPrompt }));
  const session = known !== undefined && goesOn(known, setup, facts) ? known : undefined;
  // What is edited or branched begins anew; the process of the old branch is of no use to anybody.
  if (known !== undefined && session === undefined && thread.isNamed) stage.agent.release(known.thread);
  const name = session?.thread ?? turn;
  return {
    setup,
    name,
    head: session?.head ?? thread.head,
    order: {
      turn,
      launch,
      systemPrompt,
      ...(request.auxiliary ? {} : { conversation: name }),
      memory: session === undefined ? { kind: 'none' } : memoryOf(session),
      history: withoutToggles(request.history),
      prompt: takePartTokens(request.prompt).parts,
      timeoutMs: (request.options.timeoutS ?? agent.timeoutS) * 1000,
    },
  };
}

/** Whether Claude's session is exactly what the caller says was said before, begun as it would be begun now. */
const goesOn = (known: Conversation, setup: string, { request, thread }: TurnFacts): boolean =>
  request.remembers === true || (known.head === thread.head && known.setup === setup);

const memoryOf = ({ sessionId, transcript, leaf }: Conversation): TurnOrder['memory'] => ({
  kind: 'session',
  sessionId,
  ...(transcript === undefined ? {} : { transcript }),
  ...(leaf === undefined ? {} : { leaf }),
});
