// Conversations on Redis: a key each, which goes by itself when its time is over.
import type { Conversation, Conversations } from '../../ports/conversations.js';
import type { Connection } from './connection.js';
import type { Doorbell } from './doorbell.js';
import type { Keys } from './keys.js';
import { asNumber } from './reply.js';
import { runScript, type ScriptName } from './scripts.js';
import { parseStored } from './stored.js';

/** What Redis takes as an expiry. */
const wholeMs = (ms: number): number => Math.max(1, Math.round(ms));

/** The conversations below `keys`. */
export function createConversations(connection: Connection, doorbell: Doorbell, keys: Keys): Conversations {
  async function load<T>(key: string, subject: string): Promise<T | undefined> {
    const text = await connection.ask((redis) => redis.get(key));
    return text === null ? undefined : parseStored<T>(text, subject);
  }

  async function turn(
    script: ScriptName,
    id: string,
    ...args: readonly (string | number)[]
  ): Promise<boolean> {
    return asNumber(await connection.ask((redis) => runScript(redis, script, [keys.turn(id)], args))) === 1;
  }

  return {
    find: (id) => load<Conversation>(keys.conversation(id), 'a conversation'),
    async save(id, conversation, ttlMs) {
      const text = JSON.stringify(conversation);
      await connection.ask((redis) => redis.set(keys.conversation(id), text, 'PX', wholeMs(ttlMs)));
    },
    async forget(id) {
      await connection.ask((redis) => redis.del(keys.conversation(id)));
    },
    visibility: (scope) => load(keys.streamConfig(scope), 'what is shown in a scope'),
    async setVisibility(scope, visibility, ttlMs) {
      const [key, text] = [keys.streamConfig(scope), JSON.stringify(visibility)];
      await connection.ask((redis) =>
        ttlMs === undefined ? redis.set(key, text) : redis.set(key, text, 'PX', wholeMs(ttlMs)),
      );
    },
    takeTurn: (id, holder, leaseMs) => turn('take-turn', id, holder, wholeMs(leaseMs)),
    extendTurn: (id, holder, leaseMs) => turn('extend-turn', id, holder, wholeMs(leaseMs)),
    async endTurn(id, holder) {
      await turn('end-turn', id, holder, keys.turnBell(id));
    },
    async holder(id) {
      return (await connection.ask((redis) => redis.get(keys.turn(id)))) ?? undefined;
    },
    watchTurn: (id, ring) => doorbell.watch(keys.turnBell(id), ring),
  };
}
