// Whether the agent that this process would be can be: its package is fetched, and checked, and not kept.
import { AgenticoreError } from '../../domain/errors.js';
import type { Config } from '../../runtime/config/config.js';
import { problemsOfAgent } from '../../runtime/config/load-config.js';
import type { Finding } from '../../surfaces/cli/cli-context.js';
import { configuredPackage } from '../look-at-packages.js';

const MEND = 'Mend the package, or set AGENT_MODE_PACKAGE_DIR, PACKAGE_REPO_URL or AGENTICORE_AGENTIHUB_URL.';

/** In agent mode only: is there a package, and is it whole? */
export async function checkPackage(config: Config): Promise<readonly Finding[]> {
  if (!config.agentMode) return [];
  const name = 'package';
  const problems = problemsOfAgent(config);
  if (problems.length > 0)
    return problems.map(({ path, message }) => ({
      name,
      level: 'fail',
      fact: `${path} ${message}`,
      mend: MEND,
    }));
  try {
    const agent = await configuredPackage(config);
    const unused = agent.unused.map(
      (key): Finding => ({ name, level: 'warn', fact: `${key} has no effect in an agent's profile.yml` }),
    );
    const model = config.agent.model ?? agent.profile.claude.model;
    return [{ name, level: 'ok', fact: `the agent ${agent.name} on ${model}` }, ...unused];
  } catch (error) {
    if (!(error instanceof AgenticoreError)) throw error;
    const faults = error.details.map(({ path, message }) => [path, message].filter(Boolean).join(' '));
    return (faults.length > 0 ? faults : [error.message]).map((fact) => ({
      name,
      level: 'fail',
      fact,
      mend: MEND,
    }));
  }
}
