// The one place where the settings of a process are read: flag, then environment, then config.yml, then default.
// Read once at start, checked against the schema, frozen.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgenticoreError, type Check, type ErrorDetail } from '../../domain/errors.js';
import { compileSchema } from '../schema.js';
import { readAppKey } from './app-key.js';
import { passwordOf, pickEnvironment, readPassthrough, secretValues } from './claude-environment.js';
import type { Config } from './config.js';
import { configLeaves, envOnly, type Leaf } from './leaves.js';
import { problemsOfOAuth } from './oauth-problems.js';
import { expandHome, isLoopback, ROLES, settle } from './settle.js';
import { type ReadFile, readEnv, readFlags, readYaml, type SourceReading } from './sources.js';

export interface ConfigInput {
  /** The environment; this process's own when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Values by flag name without dashes (`port`, `api-key`); undefined means not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Content of a text file; throws when it cannot be read. */
  readonly readFile?: (path: string) => string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Sentences about what was ignored; for the log. */
  readonly warnings: readonly string[];
}

/** Reads the configuration. Throws CONFIG_INVALID with one detail for every problem of every source. */
export function loadConfig(input: ConfigInput = {}): LoadedConfig {
  const { env = process.env, flags = {}, readFile = (path) => readFileSync(path, 'utf8') } = input;
  const read: ReadFile = (path) => {
    try {
      return { text: readFile(expandHome(path, env)) };
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(String(error)) };
    }
  };
  const leaves = configLeaves();
  const check = compileSchema('config');
  const passthrough = readPassthrough(env, read);
  const strongestFirst = [
    readFlags(flags, leaves, check),
    readEnv(env, leaves, Object.keys(envOnly()), read, check),
    readConfigFile(env, leaves, read, check),
  ];
  const values = new Map(leaves.map(({ key, schema }): [string, unknown] => [key, schema.default]));
  for (const source of strongestFirst.toReversed()) {
    for (const [key, value] of source.values) values.set(key, value);
  }
  const where = (key: string): string =>
    strongestFirst.find((source) => source.values.has(key))?.nameOf(key) ?? key;
  const appKey = readAppKey(values, read, where);
  const problems = [
    ...strongestFirst.flatMap((source) => source.problems),
    ...passthrough.problems,
    ...appKey.problems,
  ];
  if (problems.length > 0) throw invalid(problems);
  const settings = settle(values, leaves, env);
  const ownSecrets = leaves.filter(({ secret }) => secret).flatMap(({ key }) => secretsIn(values.get(key)));
  const config: Config = deepFreeze({
    ...settings,
    claude: {
      ...settings.claude,
      passthrough: passthrough.values,
      environmentOf: (names: readonly string[]) => pickEnvironment(env, names),
    },
    ...(appKey.pem === undefined ? {} : { githubAppKey: appKey.pem }),
    secrets: [
      ...new Set([...ownSecrets, ...appKey.secrets, ...secretValues({ ...env, ...passthrough.values })]),
    ],
  });
  return { config, warnings: strongestFirst.flatMap((source) => source.warnings) };
}

/** Refuses to serve with settings that only a client may have. Throws CONFIG_INVALID. */
export function assertServable(config: Config): void {
  const { server, redis } = config;
  const problems = [...(config.agentMode ? problemsOfAgent(config) : []), ...problemsOfOAuth(config.oauth)];
  if (redis.url === undefined && server.roles.length < ROLES.length) {
    const why = 'the file bus serves one process, which must do everything';
    problems.push({ path: 'server.roles', message: `must be all without REDIS_URL: ${why}` });
  }
  if (!isLoopback(server.host)) problems.push(...problemsOfStrangers(config));
  if (problems.length > 0) throw invalid(problems);
}

/** An agent has one package, from one place: a detail for whatever in agent mode says otherwise. */
export function problemsOfAgent({ agent, packageRepo, agentihub }: Config): readonly ErrorDetail[] {
  const places: readonly (readonly [string, unknown])[] = [
    ['agent.package_dir', agent.packageDir],
    ['package_repo.url', packageRepo.url],
    ['agentihub.url', agentihub.url],
  ];
  const [first, ...others] = places.flatMap(([key, value]) => (value === undefined ? [] : [key]));
  const problems = others.map((path) => ({
    path,
    message: `must not be set beside ${first}; set one of them`,
  }));
  return agentihub.url !== undefined && agentihub.agent === undefined
    ? [...problems, { path: 'agentihub.agent', message: 'must name one of the agents of agentihub.url' }]
    : problems;
}

/** What must not be while others than this machine can call. */
function problemsOfStrangers({ server, repos, oauth }: Config): readonly ErrorDetail[] {
  const problems: ErrorDetail[] = [];
  const asksNobody = server.apiKeys.length === 0 && oauth.issuerUrl === undefined;
  if (asksNobody && !server.allowUnauthenticated) {
    const ways =
      'set AGENTICORE_API_KEYS, or OAUTH_ISSUER_URL, or AGENTICORE_ALLOW_UNAUTHENTICATED=true, or listen on 127.0.0.1';
    problems.push({ path: 'server.host', message: `${server.host} can be reached from outside: ${ways}` });
  }
  if (repos.allowedProtocols.includes('file')) {
    const why = `callers could read the files of this host while it listens on ${server.host}`;
    problems.push({ path: 'repos.allowed_protocols', message: `must not contain file: ${why}` });
  }
  return problems;
}

function readConfigFile(
  env: Readonly<Record<string, string | undefined>>,
  leaves: readonly Leaf[],
  read: ReadFile,
  check: Check,
): SourceReading {
  const asked = env.AGENTICORE_CONFIG || undefined;
  const file = asked ?? join(env.AGENTICORE_HOME || '~/.agenticore', 'config.yml');
  const { text, error } = read(file);
  if (text !== undefined) return readYaml(text, file, leaves, check);
  const missing =
    error !== undefined && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
  const nothing = { values: new Map<string, unknown>(), warnings: [], nameOf: String };
  if (asked === undefined && missing) return { ...nothing, problems: [] };
  const message = `must be a file that can be read: ${error?.message}`;
  return { ...nothing, problems: [{ path: asked === undefined ? file : 'AGENTICORE_CONFIG', message }] };
}

function invalid(problems: readonly ErrorDetail[]): AgenticoreError {
  const lines = problems.map(({ path, message }) => `  ${path} ${message}`);
  return new AgenticoreError('CONFIG_INVALID', ['The configuration is not valid:', ...lines].join('\n'), {
    details: problems,
  });
}

/** A key may have a name before it, and a URL a password inside of it: both forms give the secret away. */
function secretsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  if (typeof value !== 'string' || value === '') return [];
  if (value.includes('://')) return passwordOf(value);
  const afterName = value.replace(/^[^:[\]]*(?:\[[^\]]*\])?:/, '');
  return afterName === value || afterName === '' ? [value] : [value, afterName];
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
