// What a machine needs to run jobs, looked at one by one: `agenticore doctor`. Changes nothing.
import { AgenticoreError } from '../domain/errors.js';
import type { Config } from '../runtime/config/config.js';
import { loadConfig } from '../runtime/config/load-config.js';
import type { Finding } from '../surfaces/cli/cli-context.js';
import { checkGithub } from './doctor/check-github.js';
import { checkPackage } from './doctor/check-package.js';
import { checkBus, checkFolders, checkPort } from './doctor/check-places.js';
import { checkProfiles } from './doctor/check-profiles.js';
import { checkClaude, checkCredentials, checkGit, checkNode } from './doctor/check-tools.js';

/** Every check's findings, in the order in which things are needed. Never throws: what fails is a finding. */
export async function diagnose(): Promise<readonly Finding[]> {
  const configuration = readConfiguration();
  const { config } = configuration;
  const checks: readonly (() => readonly Finding[] | Promise<readonly Finding[]>)[] = [
    checkNode,
    () => checkGit(config?.claude.passthrough.PATH),
    () => configuration.findings,
    ...(config === undefined
      ? []
      : [
          () => checkClaude(config),
          () => checkCredentials(config),
          () => checkGithub(config),
          () => checkFolders(config),
          () => checkBus(config),
          () => checkProfiles(config),
          () => checkPackage(config),
          () => checkPort(config),
        ]),
  ];
  const found = await Promise.all(checks.map(async (check) => check()));
  return found.flat();
}

function readConfiguration(): { readonly config?: Config; readonly findings: readonly Finding[] } {
  const name = 'configuration';
  try {
    const { config, warnings } = loadConfig();
    const warned = warnings.map((fact): Finding => ({ name, level: 'warn', fact }));
    return { config, findings: warned.length > 0 ? warned : [{ name, level: 'ok', fact: 'valid' }] };
  } catch (error) {
    if (!(error instanceof AgenticoreError)) throw error;
    const problems = error.details.map(({ path, message }) => `${path} ${message}`);
    const mend = 'Mend it in the environment or in config.yml; the other checks need it.';
    return {
      findings: (problems.length > 0 ? problems : [error.message]).map((fact) => ({
        name,
        level: 'fail',
        fact,
        mend,
      })),
    };
  }
}
