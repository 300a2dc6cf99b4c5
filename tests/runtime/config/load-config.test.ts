import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { hostname } from 'node:os';
import { describe, it } from 'node:test';
import { AgenticoreError } from '../../../src/domain/errors.js';
import type { Settings } from '../../../src/runtime/config/config.js';
import { assertServable, type ConfigInput, loadConfig } from '../../../src/runtime/config/load-config.js';

const HOME = '/home/somebody';
const CONFIG = `${HOME}/.agenticore/config.yml`;

const APP_KEY = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
}).privateKey;

/** Loads with nothing but what is given: no file of this machine, no variable of this process. */
function load({
  env = {},
  flags = {},
  files = {},
}: Omit<ConfigInput, 'readFile'> & { files?: Record<string, string> }) {
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined)
      throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
    return text;
  };
  return loadConfig({ env: { HOME, ...env }, flags, readFile });
}

function problemsOf(input: Parameters<typeof load>[0]): readonly string[] {
  try {
    load(input);
  } catch (error) {
    assert.ok(error instanceof AgenticoreError && error.code === 'CONFIG_INVALID', String(error));
    for (const { path, message } of error.details) assert.ok(error.message.includes(`${path} ${message}`));
    return error.details.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
}

describe('the configuration', () => {
  it('has every default, typed as the schema lists them', () => {
    const { config, warnings } = load({});
    const { claude, secrets, ...rest } = config;
    const { passthrough, environmentOf, ...ofClaude } = claude;
    // Typed: a leaf that the types lack, or the other way round, fails here or in the compiler.
    const expected: Settings = {
      home: `${HOME}/.agenticore`,
      agentMode: false,
      agent: {
        appendSystemPrompt: true,
        sessionTtl: 86400,
        warmProcesses: 2,
        maxProcesses: 8,
        maxWaiting: 16,
        idleSeconds: 300,
        disconnectGrace: 0,
        conversationPolicy: 'queue',
        defaultVisibility: ['text'],
        toolChannel: 'reasoning',
      },
      github: { apiUrl: 'https://api.github.com' },
      packageRepo: {},
      agentihub: { syncInterval: 300 },
      profilesRepo: { syncInterval: 300 },
      server: {
        host: '127.0.0.1',
        port: 8200,
        roles: ['ingress', 'worker', 'gateway'],
        transport: 'sse',
        apiKeys: [],
        allowUnauthenticated: false,
        allowQueryKey: false,
        publicMetrics: false,
        corsOrigins: [],
        allowedHosts: [],
        rateLimitPerMinute: 0,
        maxBodyBytes: 1048576,
        maxQueued: 10000,
      },
      client: { url: 'http://127.0.0.1:8200' },
      claude: { timeout: 3600, defaultProfile: 'code' },
      repos: {
        root: `${HOME}/agenticore-repos`,
        worktreeRoot: `${HOME}/agenticore-repos/worktrees`,
        jobsDir: `${HOME}/.agenticore/jobs`,
        maxParallelJobs: 3,
        maxParallelPerRepo: 0,
        jobTtlSeconds: 86400,
        podName: hostname(),
        mcpFileRoots: [],
        allowedProtocols: ['https', 'ssh', 'file'],
      },
      callbacks: { secrets: [] },
      redis: { keyPrefix: 'agenticore' },
      worker: { leaseSeconds: 30, drainSeconds: 270, maxAttempts: 3, lane: 'jobs' },
      oauth: {
        allowedScopes: ['jobs:read', 'jobs:write', 'agent:chat'],
        allowedRedirectUris: [],
        dynamicRegistration: true,
      },
      log: { level: 'info', pretty: true },
    };
    assert.deepEqual({ ...rest, claude: ofClaude }, expected);
    assert.deepEqual(
      [passthrough, environmentOf([]), secrets, warnings],
      [{}, { values: {}, warnings: [] }, [], []],
    );
  });

  it('lets a flag win over the environment, that over the file, that over the default', () => {
    const files = { [CONFIG]: 'server: { port: 1001, host: localhost, max_queued: 7 }\n' };
    const env = { AGENTICORE_PORT: '1002', AGENTICORE_HOST: '127.0.0.2' };
    const { server } = load({ files, env, flags: { port: 1003, host: undefined } }).config;
    assert.deepEqual(
      [server.port, server.host, server.maxQueued, server.maxBodyBytes],
      [1003, '127.0.0.2', 7, 1048576],
    );
  });

  it('reads text from flags and variables as what it stands for', () => {
    const env = {
      AGENTICORE_API_KEYS: ' ci:abc , def ,',
      AGENTICORE_ALLOW_QUERY_KEY: 'Yes',
      AGENTICORE_ALLOW_UNAUTHENTICATED: '0',
      LOG_LEVEL: 'WARN',
      AGENTICORE_ALLOWED_REPO_HOSTS: 'github.com,*.example.com',
    };
    const { server, log, repos } = load({ env, flags: { port: '0', roles: 'worker,ingress' } }).config;
    assert.deepEqual(server.apiKeys, ['ci:abc', 'def']);
    assert.deepEqual([server.allowQueryKey, server.allowUnauthenticated, server.port], [true, false, 0]);
    assert.deepEqual(server.roles, ['ingress', 'worker']);
    assert.equal(log.level, 'warn');
    assert.deepEqual(repos.allowedHosts, ['github.com', '*.example.com']);
  });

  it('takes empty variables, empty keys and empty files as not given', () => {
    const env = { AGENTICORE_PORT: '', REDIS_URL: '', AGENTICORE_CONFIG: '', AGENTICORE_API_KEYS_FILE: '' };
    const { config } = load({ env, files: { [CONFIG]: '# nothing\nserver:\n  port:\nclaude:\n' } });
    assert.equal(config.server.port, 8200);
    assert.equal(config.redis.url, undefined);
    assert.equal(load({ files: { [CONFIG]: '' } }).config.server.port, 8200);
  });

  it('reports every problem of every source at once, each with its place and what is allowed', () => {
    const files = {
      [CONFIG]: 'server:\n  port: many\n  hots: x\nlogs: {}\nrepos: { max_parallel_jobs: 0 }\n',
      '/run/empty': '\n',
    };
    const env = {
      AGENTICORE_PORT: '70000',
      AGENTICORE_ROLES: 'worker,chef',
      AGENTICORE_ALLOW_QUERY_KEY: 'maybe',
      REDIS_URL: 'localhost:6379',
      AGENTICORE_API_KEYS: 'k',
      AGENTICORE_API_KEYS_FILE: '/run/keys',
      ANTHROPIC_API_KEY_FILE: '/run/empty',
      AGENTICORE_API_KEY_FILE: '/run/none',
    };
    assert.deepEqual(problemsOf({ env, files, flags: { port: 'x', url: 'nowhere' } }), [
      '--port must be an integer from 0 to 65535, not "x"',
      '--url must be a text (beginning with http:// or https://), not "nowhere"',
      'AGENTICORE_API_KEYS_FILE must not be set beside AGENTICORE_API_KEYS; set one of them',
      "AGENTICORE_API_KEY_FILE must be a file that can be read: ENOENT: no such file, open '/run/none'",
      'AGENTICORE_PORT must be an integer from 0 to 65535, not 70000',
      'AGENTICORE_ROLES item 2 must be one of all, ingress, worker, gateway, not "chef"',
      'AGENTICORE_ALLOW_QUERY_KEY must be true or false, not "maybe"',
      'REDIS_URL must be a text (beginning with redis:// or rediss://)',
      `~/.agenticore/config.yml: logs is not known; did you mean log?`,
      `~/.agenticore/config.yml: server.hots is not known; did you mean host?`,
      `~/.agenticore/config.yml: server.port must be an integer from 0 to 65535, not "many"`,
      `~/.agenticore/config.yml: repos.max_parallel_jobs must be an integer from 1 to 1000, not 0`,
      'ANTHROPIC_API_KEY_FILE must be a file with the secret in it; /run/empty is empty',
    ]);
  });

  it('says what is wrong with a file that is no YAML, no map, or asked for and missing', () => {
    const env = { AGENTICORE_CONFIG: '/etc/a.yml' };
    assert.match(
      problemsOf({ env, files: { '/etc/a.yml': 'a: [1\nb: 2' } }).join(),
      /^\/etc\/a.yml is not valid YAML: .*line \d/,
    );
    assert.deepEqual(problemsOf({ env, files: { '/etc/a.yml': 'just text' } }), [
      '/etc/a.yml must be a map of names to values, not "just text"',
    ]);
    assert.match(
      problemsOf({ env, files: {} }).join(),
      /^AGENTICORE_CONFIG must be a file that can be read: ENOENT/,
    );
    const bomb = `a: &a [x]\n${Array.from({ length: 30 }, (_, n) => `b${n}: &b${n} [${`*${n === 0 ? 'a' : `b${n - 1}`}, `.repeat(10)}]`).join('\n')}`;
    assert.match(problemsOf({ env, files: { '/etc/a.yml': bomb } }).join(), /not valid YAML/);
  });

  it('looks for config.yml in AGENTICORE_HOME when that is set', () => {
    const files = { '/data/agenticore/config.yml': 'server: { port: 5 }' };
    const { config } = load({ env: { AGENTICORE_HOME: '/data/agenticore' }, files });
    assert.deepEqual([config.home, config.server.port], ['/data/agenticore', 5]);
    assert.equal(config.repos.jobsDir, '/data/agenticore/jobs');
  });

  it('reads secrets from files, without their last line end', () => {
    const env = {
      REDIS_URL_FILE: '/run/redis',
      ANTHROPIC_API_KEY_FILE: '~/key',
      AGENTICORE_API_KEYS_FILE: '/run/keys',
    };
    const files = {
      '/run/redis': 'redis://:s3cret%40@db:6379\n',
      [`${HOME}/key`]: 'sk-ant-xyz\r\n',
      '/run/keys': 'ci:abcdef\n',
    };
    const { config, warnings } = load({ env, files });
    assert.equal(config.redis.url, 'redis://:s3cret%40@db:6379');
    const hub = { AGENTICORE_AGENTIHUB_URL: 'https://glpat-0123456789abcdef@git.example/agents.git' };
    assert.deepEqual(load({ env: hub }).config.secrets, ['glpat-0123456789abcdef']);
    assert.deepEqual(config.claude.passthrough, { ANTHROPIC_API_KEY: 'sk-ant-xyz' });
    assert.deepEqual([...config.secrets].sort(), [
      'abcdef',
      'ci:abcdef',
      's3cret%40',
      's3cret@',
      'sk-ant-xyz',
    ]);
    assert.deepEqual(warnings, []);
  });

  it("takes a GitHub App's key from a file, a variable or Base64, and knows each line of it for a secret", () => {
    const app = { GITHUB_APP_ID: '7', GITHUB_APP_INSTALLATION_ID: '71' };
    const ways: readonly Parameters<typeof load>[0][] = [
      { env: { ...app, GITHUB_APP_PRIVATE_KEY_PATH: '~/app.pem' }, files: { [`${HOME}/app.pem`]: APP_KEY } },
      { env: { ...app, GITHUB_APP_PRIVATE_KEY: APP_KEY } },
      { env: { ...app, GITHUB_APP_PRIVATE_KEY: APP_KEY.replaceAll('\n', '\\n') } },
      { env: { ...app, GITHUB_APP_PRIVATE_KEY_FILE: '/run/key' }, files: { '/run/key': APP_KEY } },
      { env: { ...app, GITHUB_APP_PRIVATE_KEY_BASE64: Buffer.from(APP_KEY).toString('base64') } },
      {
        files: {
          [CONFIG]: 'github: { app_id: 7, app_installation_id: 71, app: { private_key_path: /k.pem } }',
          '/k.pem': APP_KEY,
        },
      },
    ];
    for (const way of ways) {
      const { config } = load(way);
      assert.equal(config.githubAppKey, APP_KEY);
      assert.deepEqual([config.github.appId, config.github.appInstallationId], [7, 71]);
      const lines = APP_KEY.split('\n').filter((line) => /^[^-]/.test(line));
      assert.deepEqual(
        lines.filter((line) => !config.secrets.includes(line)),
        [],
      );
    }
  });

  it('says at once, and where, what is wrong with the credentials of GitHub', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const broken = [
      [{ GITHUB_APP_ID: '7' }, /^GITHUB_APP_ID needs the key of the App/],
      [{ GITHUB_APP_INSTALLATION_ID: '7' }, /^GITHUB_APP_INSTALLATION_ID needs GITHUB_APP_ID/],
      [{ GITHUB_APP_PRIVATE_KEY: APP_KEY }, /^GITHUB_APP_PRIVATE_KEY needs GITHUB_APP_ID/],
      [
        { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: APP_KEY, GITHUB_APP_PRIVATE_KEY_PATH: '/k' },
        /^GITHUB_APP_PRIVATE_KEY must not be set beside GITHUB_APP_PRIVATE_KEY_PATH/,
      ],
      [
        { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY_PATH: '/none' },
        /^GITHUB_APP_PRIVATE_KEY_PATH must be a file that can be read: ENOENT/,
      ],
      [
        { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: 'secret-nonsense' },
        /^GITHUB_APP_PRIVATE_KEY must be the private key of a GitHub App/,
      ],
      [
        {
          GITHUB_APP_ID: '7',
          GITHUB_APP_PRIVATE_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        },
        /^GITHUB_APP_PRIVATE_KEY must be the private key of a GitHub App/,
      ],
      [{ GITHUB_APP_ID: 'seven', GITHUB_APP_PRIVATE_KEY: APP_KEY }, /^GITHUB_APP_ID must be/],
      [{ GITHUB_TOKEN: 'two words' }, /^GITHUB_TOKEN must be/],
      [{ GITHUB_API_URL: 'http://api.github.com' }, /^GITHUB_API_URL must be/],
    ] as const;
    for (const [env, words] of broken) {
      const problems = problemsOf({ env });
      assert.match(problems[0] ?? '', words);
      assert.doesNotMatch(problems.join(), /nonsense|two words/);
    }
    const both = problemsOf({ env: { GITHUB_APP_ID: '7', AGENTICORE_PORT: 'x' } });
    assert.equal(both.length, 2, both.join());
  });

  it('warns of unknown variables and ignores what Kubernetes says about a service called agenticore', () => {
    const env = {
      AGENTICORE_PORT: 'tcp://10.0.0.1:8200',
      AGENTICORE_PROT: '1',
      AGENTICORE_OTEL_ENABLED: 'true',
      AGENTICORE_TEST_REDIS_URL: 'redis://x',
      AGENT_MODE: 'true',
    };
    const { config, warnings } = load({ env });
    assert.equal(config.server.port, 8200);
    assert.deepEqual(warnings, [
      'AGENTICORE_PROT is not known and has no effect; did you mean AGENTICORE_PORT?',
      'AGENTICORE_OTEL_ENABLED is not known and has no effect',
      'AGENTICORE_PORT is ignored: tcp://10.0.0.1:8200 is what Kubernetes says about a service of that name',
    ]);
  });

  it('makes paths absolute and knows ~, in every source', () => {
    const files = { [CONFIG]: 'profiles_dir: ~/p\nrepos: { mcp_file_roots: [~/m, /n] }\n' };
    const { config } = load({ files, env: { AGENTICORE_SHARED_FS_ROOT: 'shared' } });
    assert.equal(config.profilesDir, `${HOME}/p`);
    assert.deepEqual(config.repos.mcpFileRoots, [`${HOME}/m`, '/n']);
    assert.equal(config.repos.jobsDir, `${process.cwd()}/shared/jobs`);
  });

  it('points clients at the server', () => {
    const url = (host: string) => load({ env: { AGENTICORE_HOST: host } }).config.client.url;
    assert.deepEqual(['0.0.0.0', '::', '::1', 'box'].map(url), [
      'http://127.0.0.1:8200',
      'http://127.0.0.1:8200',
      'http://[::1]:8200',
      'http://box:8200',
    ]);
    assert.equal(load({ env: { AGENTICORE_URL: 'https://a.b' } }).config.client.url, 'https://a.b');
  });

  it('is frozen to the bottom', () => {
    const { config } = load({});
    assert.throws(() => Object.assign(config.server, { port: 1 }), TypeError);
    assert.throws(() => Object.assign(config.server.roles, ['x']), TypeError);
  });

  it('lets a server listen outside only with keys or on demand, and never with local repositories', () => {
    const serve = (env: Record<string, string>) => () =>
      assertServable(load({ env: { AGENTICORE_HOST: '0.0.0.0', ...env } }).config);
    assert.throws(serve({}), /AGENTICORE_ALLOW_UNAUTHENTICATED/);
    assert.doesNotThrow(serve({ AGENTICORE_API_KEYS: 'k' }));
    assert.doesNotThrow(serve({ AGENTICORE_ALLOW_UNAUTHENTICATED: '1' }));
    assert.throws(
      serve({ AGENTICORE_API_KEYS: 'k', AGENTICORE_ALLOWED_GIT_PROTOCOLS: 'https,file' }),
      /read the files/,
    );
    assert.doesNotThrow(serve({ AGENTICORE_HOST: '127.0.0.1' }));
    assert.throws(serve({ AGENTICORE_HOST: '127.0.0.1.example.com' }), /reached from outside/);
    assert.deepEqual(load({ env: { AGENTICORE_HOST: '0.0.0.0' } }).config.repos.allowedProtocols, [
      'https',
      'ssh',
    ]);
  });

  it('takes OAuth for a way to say who one is, once somebody can say yes at an address that can be trusted', () => {
    const serve = (env: Record<string, string>) => () =>
      assertServable(load({ env: { AGENTICORE_HOST: '0.0.0.0', ...env } }).config);
    const on = {
      OAUTH_ISSUER_URL: 'https://agenticore.example',
      OAUTH_LOGIN_SECRET: 'sixteen characters',
    };
    const client = { ...on, OAUTH_CLIENT_ID: 'chat', OAUTH_ALLOWED_REDIRECT_URIS: 'https://chat.example/cb' };
    for (const right of [
      on,
      client,
      { ...on, OAUTH_ISSUER_URL: 'http://localhost:8200/' },
      { ...client, OAUTH_CLIENT_SECRET: 'sixteen characters' },
    ])
      assert.doesNotThrow(serve(right));
    for (const [wrong, complaint] of [
      [{ ...on, OAUTH_LOGIN_SECRET: '' }, /oauth\.login_secret must be set/],
      [{ ...on, OAUTH_ISSUER_URL: 'http://agenticore.example' }, /oauth\.issuer_url must begin with https/],
      [{ ...on, OAUTH_ISSUER_URL: 'https://agenticore.example/x' }, /oauth\.issuer_url .* without a path/],
      [{ ...on, OAUTH_ISSUER_URL: 'https://' }, /oauth\.issuer_url/],
      [{ ...on, OAUTH_RESOURCE_URL: 'http://agenticore.example/mcp' }, /oauth\.resource_url/],
      [{ ...on, OAUTH_CLIENT_SECRET: 'sixteen characters' }, /oauth\.client_secret .* without client_id/],
      [{ ...client, OAUTH_ALLOWED_REDIRECT_URIS: '' }, /oauth\.allowed_redirect_uris must be set/],
      [{ ...on, OAUTH_DYNAMIC_REGISTRATION: 'no' }, /oauth\.dynamic_registration must be true/],
    ] as const)
      assert.throws(serve(wrong), complaint);
    assert.throws(() => load({ env: { ...on, OAUTH_LOGIN_SECRET: 'short' } }), /OAUTH_LOGIN_SECRET/);
    const { config } = load({ env: { ...client, OAUTH_ALLOWED_SCOPES: 'jobs:read  agent:chat' } });
    assert.deepEqual(config.oauth.allowedScopes, ['jobs:read', 'agent:chat']);
    assert.equal(config.oauth.dynamicRegistration, false);
    assert.ok(config.secrets.includes(on.OAUTH_LOGIN_SECRET));
  });

  it('knows the key behind a name and its scopes for a secret', () => {
    const { secrets } = load({ env: { AGENTICORE_API_KEYS: 'ci[jobs:read jobs:write]:s3cret:key' } }).config;
    assert.ok(secrets.includes('s3cret:key'));
  });

  it('lets a process do a part of the work only where others can do the rest', () => {
    const serve = (env: Record<string, string>) => () => assertServable(load({ env }).config);
    assert.throws(serve({ AGENTICORE_ROLES: 'worker' }), /REDIS_URL/);
    assert.doesNotThrow(serve({ AGENTICORE_ROLES: 'worker', REDIS_URL: 'redis://127.0.0.1:1' }));
    assert.doesNotThrow(serve({}));
  });

  it('reads the agent from its own variables, a choice however it is spelt', () => {
    const { config, warnings } = load({
      env: {
        AGENT_MODE: 'yes',
        AGENT_MODE_PACKAGE_DIR: '~/agent',
        AGENT_MODE_PERMISSION_MODE: 'bypasspermissions',
        AGENT_MODE_DEFAULT_VISIBILITY: 'text,thinking',
        AGENT_MODE_MODLE: 'opus',
        AGENTIHUB_AGENT: 'support',
      },
    });
    assert.equal(config.agentMode, true);
    assert.equal(config.agent.packageDir, `${HOME}/agent`);
    assert.equal(config.agent.permissionMode, 'bypassPermissions');
    assert.deepEqual(config.agent.defaultVisibility, ['text', 'thinking']);
    assert.equal(config.agentihub.agent, 'support');
    assert.deepEqual(warnings, [
      'AGENT_MODE_MODLE is not known and has no effect; did you mean AGENT_MODE_MODEL?',
    ]);
  });

  it('takes the password of a package address for a secret, and the address itself never into a complaint', () => {
    const { config } = load({ env: { PACKAGE_REPO_URL: 'https://bot:pa55word@example.com/a.git' } });
    assert.deepEqual(config.secrets, ['pa55word']);
    const files = { '/run/url': 'https://bot:pa55word@example.com/hub.git\n' };
    const hub = load({ env: { AGENTICORE_AGENTIHUB_URL_FILE: '/run/url' }, files }).config;
    assert.equal(hub.agentihub.url, 'https://bot:pa55word@example.com/hub.git');
    assert.deepEqual(hub.secrets, ['pa55word']);
  });

  it('lets an agent have one package only, and a hub without an agent be none', () => {
    const serve = (env: Record<string, string>) => () => assertServable(load({ env }).config);
    const hub = { AGENTICORE_AGENTIHUB_URL: 'https://example.com/hub.git' };
    const both = { AGENT_MODE_PACKAGE_DIR: '/agent', PACKAGE_REPO_URL: 'https://example.com/a.git' };
    assert.doesNotThrow(serve(both), 'only in agent mode does it matter');
    assert.throws(
      serve({ AGENT_MODE: '1', ...both }),
      /package_repo\.url must not be set beside agent\.package_dir; set one of them/,
    );
    assert.throws(serve({ AGENT_MODE: '1', ...hub }), /agentihub\.agent must name one of the agents/);
    assert.doesNotThrow(serve({ AGENT_MODE: '1', AGENTIHUB_AGENT: 'support', ...hub }));
    assert.doesNotThrow(serve({ AGENT_MODE: '1' }));
  });
});
