// What an MCP client finds at a fleet.
import { listJobs } from '../../../app/inspect-jobs.js';
import type { McpDeps } from '../mcp-deps.js';
import type { Shelf } from '../shelf.js';
import { readAddress } from './job-address.js';
import { jobPrompts } from './job-prompts.js';
import { jobResources } from './job-resources.js';
import { fleetTools } from './job-tools.js';

/** How many of the newest jobs are looked through for an id that is being typed. */
const LOOKED_AT = 100;

/** The tools, resources and prompts of a fleet. */
export function fleetShelf(deps: McpDeps): Shelf {
  return {
    tools: fleetTools(deps),
    prompts: () => jobPrompts(deps.submit.profiles),
    resources: jobResources(deps),
    async complete({ ref, argument }) {
      if (ref.type !== 'ref/resource' || argument.name !== 'id' || readAddress(ref.uri) === undefined)
        return undefined;
      const { jobs } = await listJobs(deps.bus.events, { limit: LOOKED_AT });
      return jobs.map(({ id }) => id).filter((id) => id.startsWith(argument.value.toLowerCase()));
    },
  };
}
