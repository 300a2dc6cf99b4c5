// The tool calls of one client that are being answered: how each tells of its progress, and how it is called off.
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { RequestId, ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import type { ToolCall } from './shelf.js';

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

export interface ToolCalls {
  /** Runs `body` as the call that a request makes. */
  during<T>(extra: Extra, body: (call: ToolCall) => Promise<T>): Promise<T>;
  /** False when there is no such request here. */
  callOff(id: RequestId): boolean;
  ids(): readonly RequestId[];
  /** Resolves when none is being answered. */
  answered(): Promise<void>;
}

/** No call yet. */
export function createToolCalls(caller: string): ToolCalls {
  const running = new Map<RequestId, AbortController>();
  const waiting: (() => void)[] = [];
  return {
    async during(extra, body) {
      const calledOff = new AbortController();
      running.set(extra.requestId, calledOff);
      const headers = new Headers(plainHeaders(extra.requestInfo?.headers));
      try {
        return await body({
          ...{ caller, extra, over: extra.signal, calledOff: calledOff.signal },
          get: (name) => headers.get(name) ?? undefined,
          report: reporter(extra),
        });
      } finally {
        running.delete(extra.requestId);
        if (running.size === 0) for (const tell of waiting.splice(0)) tell();
      }
    },
    callOff(id) {
      running.get(id)?.abort();
      return running.has(id);
    },
    ids: () => [...running.keys()],
    async answered() {
      if (running.size > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
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
