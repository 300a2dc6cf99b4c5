// What of this process's environment claude may see. Its environment is built from nothing: only what is named here.
import type { ErrorDetail } from '../../domain/errors.js';
import { type ReadFile, secretText } from './sources.js';

type Env = Readonly<Record<string, string | undefined>>;

/** What every program needs to find others, speak a language and reach the network. */
const ORDINARY =
  /^(PATH|LANG|LC_[A-Z]+|TZ|(HTTP|HTTPS|NO|ALL)_PROXY|(http|https|no|all)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR)$/;
const MODEL = /^(ANTHROPIC|CLAUDE_CODE)_[A-Z0-9_]+$/;
/** Clouds that serve the model; their credentials pass only when the model is really asked for there. */
export const CLOUDS: readonly { readonly switch: string; readonly names: RegExp }[] = [
  { switch: 'CLAUDE_CODE_USE_BEDROCK', names: /^AWS_[A-Z0-9_]+$/ },
  {
    switch: 'CLAUDE_CODE_USE_VERTEX',
    names:
      /^(CLOUD_ML_REGION|GCLOUD_PROJECT|GOOGLE_CLOUD_PROJECT|GOOGLE_APPLICATION_CREDENTIALS|VERTEX_[A-Z0-9_]+)$/,
  },
  { switch: 'CLAUDE_CODE_USE_FOUNDRY', names: /^AZURE_[A-Z0-9_]+$/ },
];
/** Marks of a Claude session that this server itself may have been started from; they are not settings. */
const OF_A_RUNNING_CLAUDE =
  /^CLAUDE_CODE_(SESSION_|REMOTE|RESUME_|CHILD_SESSION|ENTRYPOINT|EXECPATH|SSE_PORT|TMPDIR|CONTAINER_ID|ENVIRONMENT_|HOST_|SDK_)|_FILE_DESCRIPTOR$/;
/** Each of them lets claude reach the model at its maker's. */
export const CREDENTIALS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'] as const;
/** The server's own: no profile can ask for them. */
const OWN_SECRETS = /^(AGENTICORE|AGENTIHUB|AGENT_MODE|PACKAGE_REPO|REDIS|GITHUB|OAUTH|LANGFUSE)(_|$)/;
/** What the driver sets itself, or what would let a name reach into other programs. */
const NOT_A_SETTING = /^(HOME|TMPDIR|CLAUDE_CONFIG_DIR|CLAUDECODE|LD_[A-Z_]+|NODE_OPTIONS|BASH_ENV|ENV)$/;

const PROXY = /^(https?|all)_proxy$/i;
const LOOKS_SECRET =
  /(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEYS?|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS|CUSTOM_HEADERS|BEDROCK)$/;

/** What every program may see of them: no setting and no secret of ours or the model's. */
export const ordinaryVariables = (
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => ORDINARY.test(name)));

export interface Passthrough {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly ErrorDetail[];
}

/** The variables every claude gets: the ordinary ones and those that say which model to reach, and how. */
export function readPassthrough(env: Env, read: ReadFile): Passthrough {
  const clouds = CLOUDS.filter((cloud) => isOn(env[cloud.switch]));
  const passes = (name: string): boolean =>
    ORDINARY.test(name) ||
    (MODEL.test(name) && !OF_A_RUNNING_CLAUDE.test(name) && !isCredentialFile(name)) ||
    clouds.some(({ names }) => names.test(name));
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && value !== '' && passes(name)) values[name] = value;
  }
  const problems: ErrorDetail[] = [];
  for (const name of CREDENTIALS) {
    const { text, problem } = secretText(env, name, read);
    if (text !== undefined) values[name] = text;
    if (problem !== undefined) problems.push(problem);
  }
  return { values, problems };
}

export interface NamedEnvironment {
  readonly values: Readonly<Record<string, string>>;
  /** One sentence per name that a profile may not have. */
  readonly warnings: readonly string[];
}

/** The values of the variables that a profile lists in `env`; never one of the server's own secrets. */
export function pickEnvironment(env: Env, names: readonly string[]): NamedEnvironment {
  const values: Record<string, string> = {};
  const warnings: string[] = [];
  for (const name of names) {
    if (OWN_SECRETS.test(name)) warnings.push(`${name} is not passed to claude: it belongs to the server`);
    else if (NOT_A_SETTING.test(name))
      warnings.push(`${name} is not passed to claude: it is set for each attempt, or unsafe`);
    else {
      const value = env[name];
      if (value !== undefined && value !== '') values[name] = value;
    }
  }
  return { values, warnings };
}

/** Values of variables that by their names are secrets, and passwords inside of URLs. */
export function secretValues(env: Env): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined || value === '') return [];
    const password = PROXY.test(name) ? proxySecrets(value) : passwordOf(value);
    return [...(LOOKS_SECRET.test(name.toUpperCase()) ? [value] : []), ...password];
  });
}

/** The password of a URL, or a token in the place of user and password, as written and decoded; else nothing. */
export function passwordOf(value: string): readonly string[] {
  const written =
    /^[a-z][a-z0-9+.-]*:\/\/[^/@:]*:([^/]+)@/i.exec(value)?.[1] ??
    /^https?:\/\/([^/@:]{20,})(?=@)/i.exec(value)?.[1];
  return written === undefined ? [] : [...new Set([written, plain(written)])];
}

/** A proxy's address needs no scheme; its credentials go over the wire in Base64. */
function proxySecrets(value: string): readonly string[] {
  const address = value.includes('://') ? value : `http://${value}`;
  const passwords = passwordOf(address);
  const user = /^[^/]*\/\/([^/@:]*):/.exec(address)?.[1];
  if (user === undefined) return passwords;
  return [...passwords, ...passwords.map((each) => Buffer.from(`${plain(user)}:${each}`).toString('base64'))];
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const isOn = (value: string | undefined): boolean =>
  value !== undefined && !/^(|0|false|no|off)$/i.test(value);
const isCredentialFile = (name: string): boolean =>
  CREDENTIALS.some((credential) => name === `${credential}_FILE`);
