import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../src/runtime/config/load-config.js';

const load = (env: Record<string, string>) =>
  loadConfig({
    env,
    readFile: () => {
      throw Object.assign(new Error('no file'), { code: 'ENOENT' });
    },
  }).config;

const SERVER_SECRETS = {
  AGENTICORE_API_KEYS: 'server-key-1',
  REDIS_URL: 'redis://:redis-pass@db',
  REDIS_PASSWORD: 'redis-pass-2',
  GITHUB_TOKEN: 'ghp_server',
  GITHUB_PRIVATE_KEY: 'pem',
  OAUTH_CLIENT_SECRET: 'oauth-secret',
  LANGFUSE_SECRET_KEY: 'langfuse-secret',
};

describe('what claude gets of the environment', () => {
  it('is the ordinary variables and those of the model, nothing else', () => {
    const ours = {
      PATH: '/bin',
      LANG: 'de_DE.UTF-8',
      LC_ALL: 'C',
      HTTPS_PROXY: 'http://proxy',
      no_proxy: 'localhost',
      NODE_EXTRA_CA_CERTS: '/ca.pem',
      ANTHROPIC_API_KEY: 'sk-ant-1',
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: '4096',
    };
    const others = {
      ...SERVER_SECRETS,
      HOME: '/root',
      TMPDIR: '/x',
      SSH_AUTH_SOCK: '/s',
      EDITOR: 'vi',
      ANTHROPIC_MODEL: '',
    };
    assert.deepEqual(load({ ...ours, ...others }).claude.passthrough, ours);
  });

  it('leaves out the marks of a claude that this process was started from', () => {
    const env = {
      CLAUDECODE: '1',
      CLAUDE_CODE_SESSION_ID: 'x',
      CLAUDE_CODE_ENTRYPOINT: 'cli',
      CLAUDE_CODE_SSE_PORT: '1',
    };
    assert.deepEqual(load(env).claude.passthrough, {});
  });

  it('has the credentials of a cloud only when the model is asked for there', () => {
    const aws = { AWS_REGION: 'eu-west-1', AWS_SECRET_ACCESS_KEY: 'aws-secret-key' };
    const google = {
      CLOUD_ML_REGION: 'x',
      GOOGLE_APPLICATION_CREDENTIALS: '/g.json',
      VERTEX_REGION_CLAUDE: 'y',
    };
    assert.deepEqual(load({ ...aws, ...google, CLAUDE_CODE_USE_VERTEX: '0' }).claude.passthrough, {
      CLAUDE_CODE_USE_VERTEX: '0',
    });
    const bedrock = { CLAUDE_CODE_USE_BEDROCK: '1', ...aws };
    assert.deepEqual(load({ ...bedrock, ...google }).claude.passthrough, bedrock);
    const vertex = { CLAUDE_CODE_USE_VERTEX: 'true', ...google };
    assert.deepEqual(load({ ...vertex, ...aws }).claude.passthrough, vertex);
  });

  it("adds what a profile lists, but none of the server's own secrets and nothing that reaches into programs", () => {
    const config = load({
      ...SERVER_SECRETS,
      NPM_TOKEN: 'npm-1',
      EMPTY: '',
      LD_PRELOAD: '/x.so',
      HOME: '/root',
    });
    const names = [
      ...Object.keys(SERVER_SECRETS),
      'NPM_TOKEN',
      'EMPTY',
      'ABSENT',
      'LD_PRELOAD',
      'HOME',
      'REDIS_URL_FILE',
    ];
    const { values, warnings } = config.claude.environmentOf(names);
    assert.deepEqual(values, { NPM_TOKEN: 'npm-1' });
    assert.equal(warnings.length, Object.keys(SERVER_SECRETS).length + 3);
    assert.ok(warnings.includes('GITHUB_TOKEN is not passed to claude: it belongs to the server'));
    for (const secret of Object.values(SERVER_SECRETS)) assert.ok(!warnings.join().includes(secret));
  });

  it('names as secrets whatever a variable calls one, and passwords inside of URLs', () => {
    const { secrets } = load({
      ...SERVER_SECRETS,
      ANTHROPIC_AUTH_TOKEN: 'auth-token-1',
      AWS_SECRET_ACCESS_KEY: 'aws-secret-1',
      HTTPS_PROXY: 'http://me:proxy-pass@proxy:8080',
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: '64000',
      npm_config_cache: '/x',
    });
    const expected = [
      'server-key-1',
      'redis-pass',
      'redis-pass-2',
      'ghp_server',
      'pem',
      'oauth-secret',
      'auth-token-1',
      'aws-secret-1',
      'proxy-pass',
    ];
    for (const secret of expected) assert.ok(secrets.includes(secret), secret);
    assert.ok(!secrets.includes('64000') && !secrets.includes('/x'));
  });

  it('names the credentials of a proxy as secrets, in each way in which they are written and shown', () => {
    const { secrets } = load({
      https_proxy: 'me:pa%40ss-1@proxy:8080',
      ALL_PROXY: 'http://you:pass-2@proxy',
    });
    for (const secret of ['pa%40ss-1', 'pa@ss-1', btoa('me:pa@ss-1'), 'pass-2', btoa('you:pass-2')])
      assert.ok(secrets.includes(secret), secret);
    assert.deepEqual(load({ HTTPS_PROXY: 'proxy:8080', NO_PROXY: 'a:1,b@c' }).secrets, []);
  });
});
