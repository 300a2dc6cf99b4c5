// The MCP server of one client: what the shelves hold, over the protocol of the official SDK.
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type RequestId,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { jsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/types.js';
import { callTool } from './call-tool.js';
import { followResources } from './follow-resources.js';
import type { Offer } from './offer.js';
import { createOpenRequests } from './open-requests.js';
import { asProtocolError, refusal } from './protocol-error.js';
import { createToolCalls, type Extra } from './tool-calls.js';

const RESOURCE_NOT_FOUND = -32002;
const MOST_COMPLETIONS = 100;
/** What a client follows is kept on the bus for a day. */
const MOST_ADDRESS_CHARACTERS = 2048;

/** For answers of clients that were asked something, which ours never are; the SDK would build one for each of them. */
const NOTHING_TO_CHECK: jsonSchemaValidator = {
  getValidator: () => () => ({ valid: false, data: undefined, errorMessage: 'nothing was asked' }),
};

/** Who is served, and who else must know what the client says. */
export interface Client {
  readonly caller: string;
  /** Notes that the client follows these resources. Left out: nobody else must know. */
  readonly follow?: (uri: string) => Promise<void>;
  readonly unfollow?: (uri: string) => Promise<void>;
  /** The client has called off a request, which is or is not being answered here. */
  readonly calledOff?: (id: RequestId, isHere: boolean) => void;
}

export interface McpServer {
  connect(transport: Transport): Promise<void>;
  close(): Promise<void>;
  /** Requests that are being answered. */
  running(): readonly RequestId[];
  /** Resolves when every request has been answered. */
  answered(): Promise<void>;
  callOff(id: RequestId): boolean;
  /** The client cannot be reached with the answer to a request any more. */
  abandon(id: RequestId): void;
  /** Follows exactly these resources from now on. */
  setFollowed(uris: readonly string[]): void;
}

/** A server that has not met its client yet. */
export function createMcpServer(offer: Offer, client: Client): McpServer {
  const { shelves, log, maxFollowed } = offer;
  const server = new Server(
    { name: 'agenticore', title: 'Agenticore', version: offer.version },
    {
      capabilities: { tools: {}, prompts: {}, resources: { subscribe: true }, completions: {}, logging: {} },
      instructions: offer.instructions,
      jsonSchemaValidator: NOTHING_TO_CHECK,
    },
  );
  const calls = createToolCalls(client.caller);
  const requests = createOpenRequests();
  const resources = shelves.flatMap((shelf) => shelf.resources ?? []);
  const following = followResources(
    (uri, ring) =>
      resources.map((shelf) => shelf.watch(uri, ring)).find((watching) => watching !== undefined),
    (uri) => server.sendResourceUpdated({ uri }).catch(() => {}), // it has left
    log,
  );

  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: shelves.flatMap((shelf) => shelf.tools.map(({ definition }) => definition)),
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params: { name, arguments: args = {} } }, extra) => {
    const tool = shelves.flatMap((shelf) => shelf.tools).find(({ definition }) => definition.name === name);
    if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${name}.`);
    return calls.during(extra, (call) => callTool(offer, tool, args, call));
  });

  server.setRequestHandler(ListPromptsRequestSchema, () =>
    asProtocolError(async () => ({ prompts: (await allPrompts()).map(({ definition }) => definition) })),
  );
  server.setRequestHandler(GetPromptRequestSchema, ({ params: { name, arguments: args = {} } }) =>
    asProtocolError(async () => {
      const prompt = (await allPrompts()).find(({ definition }) => definition.name === name);
      if (prompt === undefined) throw new McpError(ErrorCode.InvalidParams, `There is no prompt ${name}.`);
      const missing = prompt.definition.arguments?.find((one) => one.required && !args[one.name]?.trim());
      if (missing) throw new McpError(ErrorCode.InvalidParams, `The argument ${missing.name} is missing.`);
      return prompt.get(args);
    }),
  );

  server.setRequestHandler(ListResourcesRequestSchema, ({ params }, extra) =>
    asProtocolError(async () => {
      assertMayRead(extra);
      const pages = await Promise.all(resources.map((shelf) => shelf.list(params?.cursor)));
      const next = pages.find((page) => page.next !== undefined)?.next;
      return {
        resources: pages.flatMap((page) => page.resources),
        ...(next === undefined ? {} : { nextCursor: next }),
      };
    }),
  );
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: resources.flatMap(({ templates }) => templates),
  }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }, extra) =>
    asProtocolError(async () => {
      assertMayRead(extra);
      for (const shelf of resources) {
        const found = await shelf.read(uri);
        if (found !== undefined) return found;
      }
      throw new McpError(RESOURCE_NOT_FOUND, 'There is no such resource.', { uri });
    }),
  );
  server.setRequestHandler(SubscribeRequestSchema, ({ params: { uri } }, extra) =>
    asProtocolError(async () => {
      assertMayRead(extra);
      if (uri.length > MOST_ADDRESS_CHARACTERS)
        throw new McpError(
          ErrorCode.InvalidParams,
          `An address has ${MOST_ADDRESS_CHARACTERS} characters at most.`,
        );
      const uris = new Set([...following.uris(), uri]);
      if (uris.size > maxFollowed)
        throw new McpError(ErrorCode.InvalidParams, `One client can follow ${maxFollowed} resources.`);
      await client.follow?.(uri);
      following.set([...uris]);
      return {};
    }),
  );
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params: { uri } }) =>
    asProtocolError(async () => {
      await client.unfollow?.(uri);
      following.set(following.uris().filter((one) => one !== uri));
      return {};
    }),
  );

  server.setRequestHandler(CompleteRequestSchema, ({ params }, extra) =>
    asProtocolError(async () => {
      assertMayRead(extra);
      const found = await Promise.all(shelves.map((shelf) => shelf.complete?.(params)));
      const values = found.find((one) => one !== undefined) ?? [];
      const hasMore = values.length > MOST_COMPLETIONS;
      return { completion: { values: values.slice(0, MOST_COMPLETIONS), total: values.length, hasMore } };
    }),
  );

  const allPrompts = async () => (await Promise.all(shelves.map((shelf) => shelf.prompts()))).flat();

  return {
    async connect(transport) {
      server.onerror = (error) => log('mcp.error', { caller: client.caller, error: error.message }, 'debug');
      server.onclose = () => following.set([]);
      transport.onmessage = (message) => {
        // The SDK only stops to wait for the answer; whoever gives it must know as well.
        const id = requests.heard(message);
        if (id !== undefined) client.calledOff?.(id, calls.callOff(id));
      };
      const send = transport.send.bind(transport);
      transport.send = (message, options) => {
        requests.told(message);
        return send(message, options);
      };
      await server.connect(transport);
    },
    close: () => server.close(),
    running: calls.ids,
    answered: requests.answered,
    callOff: calls.callOff,
    abandon: calls.abandon,
    setFollowed: following.set,
  };
}

function assertMayRead({ authInfo }: Extra): void {
  if (authInfo !== undefined && !authInfo.scopes.includes('jobs:read')) throw refusal('jobs:read');
}
