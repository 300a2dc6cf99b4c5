// Whether GitHub knows this process, and lets it do what a job with a repository needs.
import { createApiRoute } from '../../adapters/github/api-route.js';
import type { AppIdentity } from '../../adapters/github/app-api.js';
import type { ApiFetch } from '../../adapters/github/client-settings.js';
import type { SeenInstallation } from '../../adapters/github/look-at-identity.js';
import { failureBehind } from '../../adapters/github/on-the-way.js';
import { type NetworkVariables, proxyOf } from '../../adapters/github/proxy-of.js';
import { statusOf } from '../../adapters/github/status-of.js';
import { type ErrorCode, messageOf } from '../../domain/errors.js';
import type { Config } from '../../runtime/config/config.js';
import type { Finding } from '../../surfaces/cli/cli-context.js';

const name = 'github';
/** Faults of the way that do not pass by themselves. Other final codes are GitHub's word on this look alone: a warning. */
const LASTING: readonly ErrorCode[] = [
  'PROXY_AUTH_FAILED',
  'PROXY_REFUSED',
  'CERTIFICATE_UNTRUSTED',
  'CONFIG_INVALID',
];
/** What fetching, pushing and pull requests take, as GitHub calls it. */
const NEEDED = { contents: 'Contents', pull_requests: 'Pull requests' } as const;

/** One for the proxy between us, for the App and for the token, as far as there are such. */
export async function checkGithub({ github, githubAppKey, claude }: Config): Promise<readonly Finding[]> {
  const { apiUrl, token, appId } = github;
  const way = checkWay(apiUrl, claude.passthrough);
  const route = createApiRoute(claude.passthrough);
  const findings: Finding[] = [];
  if (appId !== undefined && githubAppKey !== undefined) {
    const app = { apiUrl, appId, privateKey: githubAppKey };
    const look = async () => checkApp(app, await route());
    findings.push(await asked(`the App ${appId}`, 'GITHUB_APP_ID and the key', apiUrl, look));
  }
  if (token !== undefined) {
    const look = async () => checkToken(apiUrl, token, await route());
    findings.push(await asked('the token', 'GITHUB_TOKEN', apiUrl, look));
  }
  const fact = 'no credentials: public repositories are fetched, and nothing is pushed over https';
  return [...way, ...(findings.length > 0 ? findings : [{ name, level: 'ok', fact } as const])];
}

/** Which proxy the API is asked through; nothing where there is none. */
function checkWay(apiUrl: string, variables: NetworkVariables): readonly Finding[] {
  const of = { name: 'proxy' };
  try {
    const proxy = proxyOf(apiUrl, variables);
    if (proxy === undefined) return [];
    const fact = `${new URL(apiUrl).host} is asked through ${proxy.host}, as ${proxy.variable} says`;
    return [{ ...of, level: 'ok', fact }];
  } catch (error) {
    const mend = 'Correct it for the server; git and claude use it too.';
    return [{ ...of, level: 'fail', fact: messageOf(error), mend }];
  }
}

async function checkApp(app: AppIdentity, fetch: ApiFetch | undefined): Promise<Finding> {
  const { lookAtApp } = await import('../../adapters/github/look-at-identity.js');
  const installations = await lookAtApp(app, fetch);
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

async function checkToken(apiUrl: string, token: string, fetch: ApiFetch | undefined): Promise<Finding> {
  const { lookAtToken } = await import('../../adapters/github/look-at-identity.js');
  const { login, scopes, expiresAt } = await lookAtToken(apiUrl, token, fetch);
  const fact = `the token of ${login}${expiresAt === undefined ? '' : `, until ${expiresAt}`}`;
  const mayNot = scopes !== undefined && !scopes.some((scope) => ['repo', 'public_repo'].includes(scope));
  if (!mayNot) return { name, level: 'ok', fact };
  const mend =
    'Give it the scope `repo`, or take a fine-grained token with Contents and Pull requests: read and write.';
  return { name, level: 'warn', fact: `${fact}, which may not push`, mend };
}

/** What was found, or what speaks against it; that GitHub cannot be reached from here is no fault of the credentials. */
async function asked(
  who: string,
  variables: string,
  apiUrl: string,
  look: () => Promise<Finding>,
): Promise<Finding> {
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
    const onTheWay = failureBehind(error, new URL(apiUrl).host);
    const isLasting = onTheWay !== undefined && LASTING.includes(onTheWay.code);
    return {
      name,
      level: isLasting ? 'fail' : 'warn',
      fact: `${who} could not be tried: ${messageOf(onTheWay ?? error)}`,
      mend: `Look at GITHUB_API_URL and the network${onTheWay === undefined ? '' : ' ("Behind a proxy" in docs/credentials.md)'}.`,
    };
  }
}
