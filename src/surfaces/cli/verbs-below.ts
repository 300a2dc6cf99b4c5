// Which verbs stand below which: for those who look for one, and for the reference.
import { ADMIN_VERBS, DEAD_VERBS } from './admin-commands.js';
import { AGENT_VERBS } from './agent-commands.js';
import { PROFILES_VERBS, VERBS } from './commands.js';

/** The verbs below a verb, which is spelled with those above it: `admin dead`. Below nothing: those that people begin with. */
export const VERBS_BELOW: Readonly<Record<string, readonly string[]>> = {
  '': VERBS,
  profiles: PROFILES_VERBS,
  agent: AGENT_VERBS,
  admin: ADMIN_VERBS,
  'admin dead': DEAD_VERBS,
};
