// The requests of one client that are not answered yet: who leaves in good order answers them first.
import {
  CancelledNotificationSchema,
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type RequestId,
} from '@modelcontextprotocol/sdk/types.js';

export interface OpenRequests {
  /** The client has said this. Gives the id of the request that it calls off, if it does. */
  heard(message: JSONRPCMessage): RequestId | undefined;
  /** The client is told this. */
  told(message: JSONRPCMessage): void;
  /** Resolves when nothing is open. */
  answered(): Promise<void>;
}

/** Nothing has been asked. */
export function createOpenRequests(): OpenRequests {
  const open = new Set<RequestId>();
  let tellWaiting: (() => void)[] = [];

  function close(id: RequestId | undefined): void {
    if (id !== undefined) open.delete(id);
    if (open.size > 0) return;
    for (const tell of tellWaiting) tell();
    tellWaiting = [];
  }

  return {
    heard(message) {
      if (isJSONRPCRequest(message)) open.add(message.id);
      const id = CancelledNotificationSchema.safeParse(message).data?.params.requestId;
      close(id); // nobody answers it any more
      return id;
    },
    told(message) {
      if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) close(message.id);
    },
    async answered() {
      if (open.size > 0) await new Promise<void>((resolve) => tellWaiting.push(resolve));
    },
  };
}
