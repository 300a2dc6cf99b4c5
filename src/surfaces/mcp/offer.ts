// What a process offers to every client: built once, shown by the server of each.
import type { Check } from '../../domain/errors.js';
import type { Log } from '../../ports/log.js';
import { agentShelf } from './agent/agent-shelf.js';
import { fleetShelf } from './fleet/fleet-shelf.js';
import { AGENT_INSTRUCTIONS, FLEET_INSTRUCTIONS } from './instructions.js';
import type { McpDeps } from './mcp-deps.js';
import type { Shelf, Tool } from './shelf.js';

export interface Offer {
  readonly version: string;
  readonly instructions: string;
  readonly shelves: readonly Shelf[];
  /** Resources that one client may follow. */
  readonly maxFollowed: number;
  readonly checkOf: (tool: Tool) => Check;
  readonly log: Log;
}

/** The agent where there is one, else the fleet. */
export function createOffer(deps: McpDeps): Offer {
  const { agent, mcp, log, version } = deps;
  const own = agent === undefined ? fleetShelf(deps) : agentShelf(deps, agent);
  const checks = new Map<Tool, Check>();
  return {
    ...{ version, log, shelves: [own, ...(mcp.more ?? [])], maxFollowed: mcp.limits.maxFollowed },
    instructions: agent === undefined ? FLEET_INSTRUCTIONS : AGENT_INSTRUCTIONS,
    checkOf(tool) {
      const check = checks.get(tool) ?? mcp.schemas.check(tool.definition.inputSchema);
      checks.set(tool, check);
      return check;
    },
  };
}
