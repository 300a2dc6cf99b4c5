// The tool calls of one client that are being answered: how each tells of its progress, and how it is called off.
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { RequestId, ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import type { ToolCall } from './shelf.js';

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

export interface ToolCalls {
  /** Runs `body` as the call that a request makes. */
  during<T>(extra: Extra, body: (call: ToolCall) => Promise<T>): Promise<T>;
  /** The client does not want the answer. False when there is no such request here. */
  callOff(id: RequestId): boolean;
  /** The client cannot be reached with the answer any more; what it began goes on. */
  abandon(id: RequestId): void;
  ids(): readonly RequestId[];
}

interface Running {
  readonly over: AbortController;
  readonly calledOff: AbortController;
}

/** No call yet. */
export function createToolCalls(caller: string): ToolCalls {
  const running = new Map<RequestId, Running>();
  return {
    async during(extra, body) {
      const [over, calledOff] = [new AbortController(), new AbortController()];
      extra.signal.addEventListener('abort', () => over.abort(), { once: true });
      running.set(extra.requestId, { over, calledOff });
      const headers = new Headers(plainHeaders(extra.requestInfo?.headers));
      try {
        return await body({
          ...{ caller, extra, over: over.signal, calledOff: calledOff.signal },
          get: (name) => headers.get(name) ?? undefined,
          report: reporter(extra),
        });
      } finally {
        running.delete(extra.requestId);
      }
    },
    callOff(id) {
      running.get(id)?.calledOff.abort();
      return running.has(id);
    },
    abandon: (id) => running.get(id)?.over.abort(),
    ids: () => [...running.keys()],
  };
}

const plainHeaders = (
  headers: Readonly<Record<string, string | string[] | undefined>> = {},
): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []));

/** Undefined for a client that did not ask to hear of progress. */
function reporter({ _meta, sendNotification }: Extra): ToolCall['report'] {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let progress = 0;
  return (message) => {
    progress += 1;
    const params = { progressToken, progress, message };
    // News that cannot be delivered is no news.
    sendNotification({ method: 'notifications/progress', params }).catch(() => {});
  };
}
