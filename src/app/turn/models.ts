// Which models a caller may name, and what they are called where claude is started.
import type { AgentPackage } from '../../ports/packages.js';
import type { ModelRow } from './turns.js';

/** What every agent answers to. */
const ANY_AGENT = 'agenticore-agent';

/** Clients show it as a date; that of the model itself is not known. */
const STARTED_AT = Date.now();

/** The agent's name first, then every model that it allows. */
export function allModels(agent: AgentPackage): readonly ModelRow[] {
  const ids = new Set([agent.name, ANY_AGENT, agent.model, ...agent.models]);
  return [...ids].map((id) => ({ id, createdAt: STARTED_AT }));
}

/** As `--model` takes it; undefined for an id that is not the agent's. What stands before a slash is a router's. */
export function resolveModel(agent: AgentPackage, id: string): string | undefined {
  for (const name of [id, id.slice(id.lastIndexOf('/') + 1)]) {
    if (name === agent.name || name === ANY_AGENT) return agent.model;
    if (name === agent.model || agent.models.includes(name)) return name;
  }
  return undefined;
}
