// Whether GitHub knows this process, and lets it do what a job with a repository needs.
import type { AppIdentity } from '../../adapters/github/app-api.js';
import type { SeenInstallation } from '../../adapters/github/look-at-identity.js';
import { statusOf } from '../../adapters/github/status-of.js';
import { messageOf } from '../../domain/errors.js';
import type { Config } from '../../runtime/config/config.js';
import type { Finding } from '../../surfaces/cli/cli-context.js';

const name = 'github';
/** What fetching, pushing and pull requests take, as GitHub calls it. */
const NEEDED = { contents: 'Contents', pull_requests: 'Pull requests' } as const;

/** A finding for the App and one for the token, as far as they are configured. */
export async function checkGithub({ github, githubAppKey }: Config): Promise<readonly Finding[]> {
  const { apiUrl, token, appId } = github;
  const findings: Finding[] = [];
  if (appId !== undefined && githubAppKey !== undefined) {
    const app = { apiUrl, appId, privateKey: githubAppKey };
    findings.push(await asked(`the App ${appId}`, 'GITHUB_APP_ID and the key', () => checkApp(app)));
  }
  if (token !== undefined) {
    findings.push(await asked('the token', 'GITHUB_TOKEN', () => checkToken(apiUrl, token)));
  }
  const fact = 'no credentials: public repositories are fetched, and nothing is pushed over https';
  return findings.length > 0 ? findings : [{ name, level: 'ok', fact }];
}

async function checkApp(app: AppIdentity): Promise<Finding> {
  const { lookAtApp } = await import('../../adapters/github/look-at-identity.js');
  const installations = await lookAtApp(app);
  const fact = `the App ${app.appId}, installed on ${installations.map(({ account }) => account).join(', ') || 'nothing'}`;
  const where = `the settings of the App at ${app.apiUrl}`;
  if (installations.length === 0)
    return {
      name,
      level: 'warn',
      fact,
      mend: `Install it on the accounts whose repositories it is for: ${where}.`,
    };
  const faults = installations.flatMap(faultOf);
  if (faults.length === 0) return { name, level: 'ok', fact };
  return {
    name,
    level: 'warn',
    fact: `${fact}: ${faults.join('; ')}`,
    mend: `Mend it in ${where}; the account's owner must accept new permissions.`,
  };
}

function faultOf({ account, isSuspended, permissions }: SeenInstallation): readonly string[] {
  if (isSuspended) return [`${account} has suspended it`];
  const missing = Object.entries(NEEDED).filter(([permission]) => permissions[permission] !== 'write');
  return missing.map(([, title]) => `${account} has not given "${title}: read and write"`);
}

async function checkToken(apiUrl: string, token: string): Promise<Finding> {
  const { lookAtToken } = await import('../../adapters/github/look-at-identity.js');
  const { login, scopes, expiresAt } = await lookAtToken(apiUrl, token);
  const fact = `the token of ${login}${expiresAt === undefined ? '' : `, until ${expiresAt}`}`;
  const mayNot = scopes !== undefined && !scopes.some((scope) => ['repo', 'public_repo'].includes(scope));
  if (!mayNot) return { name, level: 'ok', fact };
  const mend =
    'Give it the scope `repo`, or take a fine-grained token with Contents and Pull requests: read and write.';
  return { name, level: 'warn', fact: `${fact}, which may not push`, mend };
}

/** What was found, or what speaks against it; that GitHub cannot be reached from here is no fault of the credentials. */
async function asked(who: string, variables: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    const status = statusOf(error);
    // An installation's token, such as the one of GitHub Actions, is no user's.
    if (status === 403) return { name, level: 'ok', fact: `${who} is accepted` };
    if (status === 401 || status === 404)
      return {
        name,
        level: 'fail',
        fact: `${who} is not accepted: ${messageOf(error)}`,
        mend: `Set ${variables} anew (docs/credentials.md).`,
      };
    const mend = 'Look at GITHUB_API_URL and the network.';
    return { name, level: 'warn', fact: `${who} could not be tried: ${messageOf(error)}`, mend };
  }
}
