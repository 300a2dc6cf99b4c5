// What one process holds of a visit: a server and a transport of the SDK, made when a request first comes here, and made
// again on any process where another one does. What the processes must agree on is on the bus.
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { LATEST_PROTOCOL_VERSION, type RequestId } from '@modelcontextprotocol/sdk/types.js';
import { messageOf } from '../../../domain/errors.js';
import type { Log } from '../../../ports/log.js';
import type { Visits } from '../../../ports/visits.js';
import type { Offer } from '../offer.js';
import { createMcpServer } from '../server.js';

/** How long a request may be called off before the process that answers it has heard of it. */
const CALLED_OFF_MS = 60_000;

export interface VisitRoom {
  readonly id: string;
  readonly caller: string;
  handle: WebStandardStreamableHTTPServerTransport['handleRequest'];
  /** The client has hung up on a request. */
  abandon(id: RequestId): void;
  /** Brings the room up to what the client has told other processes. */
  catchUp(): Promise<void>;
  /** Ends the stream of what is told unasked, so that the client opens it again, here or elsewhere. */
  endStream(): void;
  close(): Promise<void>;
}

export interface VisitDeps {
  readonly offer: Offer;
  readonly visits: Visits;
  readonly visitTtlMs: number;
  readonly log: Log;
}

/** A room for a visit that begins with the next request, which must be `initialize`. */
export async function openRoom(
  { offer, visits, visitTtlMs, log }: VisitDeps,
  { id, caller }: { readonly id: string; readonly caller: string },
  onClosed: () => void,
): Promise<VisitRoom> {
  const keyOf = (request: RequestId): string => JSON.stringify(request);
  const server = createMcpServer(offer, {
    caller,
    follow: (uri) => visits.follow(id, uri),
    unfollow: (uri) => visits.unfollow(id, uri),
    calledOff: (request, isHere) => {
      // No answer will end the stream that was opened for it.
      if (isHere) transport.closeSSEStream(request);
      else quietly(visits.callOff(id, keyOf(request), CALLED_OFF_MS));
    },
  });
  const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => id });
  let isClosed = false;

  async function close(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    unwatch();
    await server.close();
    onClosed();
  }

  async function catchUp(): Promise<void> {
    const visit = await visits.find(id, visitTtlMs);
    if (visit === undefined) return close();
    if (isClosed) return;
    server.setFollowed(visit.followed);
    for (const request of server.running())
      if (await visits.isCalledOff(id, keyOf(request))) {
        server.callOff(request);
        transport.closeSSEStream(request);
      }
  }

  function quietly(work: Promise<void>): void {
    work.catch((error: unknown) => log('mcp.visit_failed', { visit: id, error: messageOf(error) }, 'warn'));
  }

  const unwatch = await visits.watch(id, () => quietly(catchUp()));
  await server.connect(transport);
  return {
    ...{ id, caller, catchUp, close, abandon: server.abandon },
    endStream: () => transport.closeStandaloneSSEStream(),
    handle: (request, options) => transport.handleRequest(request, options),
  };
}

/** A room for a visit that began elsewhere: the transport is told what it would have heard then. */
export async function reopenRoom(
  deps: VisitDeps,
  visit: { readonly id: string; readonly caller: string },
  onClosed: () => void,
): Promise<VisitRoom> {
  const room = await openRoom(deps, visit, onClosed);
  const params = {
    protocolVersion: LATEST_PROTOCOL_VERSION,
    capabilities: {},
    clientInfo: { name: 'unknown', version: '' },
  };
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const hello = await room.handle(new Request('http://localhost/mcp', { method: 'POST', headers }), {
    parsedBody: { jsonrpc: '2.0', id: `reopened ${visit.id}`, method: 'initialize', params },
  });
  await hello.body?.cancel();
  await room.catchUp();
  return room;
}
