import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgenticoreError, isCode } from '../../src/domain/errors.js';
import {
  checkBaseRef,
  checkRepoUrl,
  normaliseRepoUrl,
  type RepoUrlPolicy,
} from '../../src/domain/repo-url.js';

const PUBLIC: RepoUrlPolicy = { allowedProtocols: ['https', 'ssh'] };
const LOOPBACK: RepoUrlPolicy = { allowedProtocols: ['https', 'ssh', 'file'] };

const refused = (url: string, policy = PUBLIC): string => {
  try {
    checkRepoUrl(url, policy);
  } catch (error) {
    assert.ok(
      isCode(error, 'REPO_URL_REFUSED') && error instanceof AgenticoreError,
      `${url}: ${String(error)}`,
    );
    return error.message;
  }
  return assert.fail(`accepted: ${url}`);
};

describe('a repository address', () => {
  it('is accepted in the forms that people use', () => {
    const accepted = [
      'https://github.com/acme/widgets',
      'https://github.com/acme/widgets.git',
      'HTTPS://GitHub.com/acme/widgets/',
      'https://git.example.com:8443/a/b/c.git',
      'ssh://git@github.com/acme/widgets.git',
      'ssh://git@example.com:2222/acme/widgets.git',
      'git@github.com:acme/widgets.git',
      'github.com:acme/widgets',
      'https://8.8.8.8/a',
      'https://[2606:4700::1]/a',
    ];
    for (const url of accepted) checkRepoUrl(url, PUBLIC);
  });

  it('is refused when git would run a program, read an option or take it for something else', () => {
    const attacks = [
      'ext::sh -c touch% /tmp/pwned',
      'ext::sh',
      'fd::17',
      'EXT::sh',
      'http+x::y',
      '--upload-pack=touch /tmp/pwned',
      '--upload-pack=x',
      '-oProxyCommand=x',
      'ssh://-oProxyCommand=touch/x',
      'ssh://git@-oProxyCommand=touch/x',
      'ssh://-oProxyCommand=x@host/path',
      '-oProxyCommand=x:path',
      'git@host:-x',
      'git@-host:x',
      'ssh://host/-x',
      'https://github.com/a\nb',
      'https://github.com/a b',
      'https://github.com/a\0',
      'https://github.com/a\u0085b',
      'https://github.com\\@evil.example/a',
      'https://github.com/a/../../b',
      'javascript:alert(1)//x y',
      'ftp://example.com/x',
      'git://example.com/x',
      'git+ssh://example.com/x',
      'data:text/plain,x y',
      '',
      'x'.repeat(3000),
      'https://',
      'https:///x',
      'https://github.com',
      'https://github.com/',
      'https://github.com:99999/x',
      'https://github.com:x/x',
      './relative',
      'relative/path',
      'C:\\repo',
    ];
    for (const url of attacks) refused(url);
  });

  it('is refused when it carries credentials, and the refusal does not repeat them', () => {
    const secrets = [
      'https://user:s3cret@github.com/a/b',
      'https://s3cret@github.com/a/b',
      'https://:s3cret@github.com/a/b',
      'ssh://git:s3cret@github.com/a/b',
      'git:s3cret@github.com:a/b',
      'https://github.com/a/b?token=s3cret',
      'https://github.com/a/b#s3cret',
      'http://s3cret@github.com/a/b',
    ];
    for (const url of secrets) assert.doesNotMatch(refused(url), /s3cret/);
  });

  it('names a file only where files are allowed, and then absolutely', () => {
    for (const url of ['file:///srv/a.git', '/srv/a.git', 'file://localhost/srv/a.git']) {
      assert.match(refused(url), /file: is not allowed\. Use https:\/\/host\/path, ssh:/);
      checkRepoUrl(url, LOOPBACK);
    }
    for (const url of [
      'file://server/share',
      'file://a.git',
      'file:///',
      '/',
      '/srv/../etc',
      'file://x@/srv',
    ])
      refused(url, LOOPBACK);
  });

  it('is http only where http is allowed', () => {
    refused('http://example.com/a', LOOPBACK);
    checkRepoUrl('http://example.com/a', { allowedProtocols: ['http'] });
  });

  it('leads to public hosts only, unless the host is named', () => {
    const hosts = [
      'localhost',
      'intranet',
      'printer.local',
      'metadata.google.internal',
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.0.0.1',
      '0177.0.0.1',
      '10.1.2.3',
      '172.20.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[fe80::1]',
      '[fd00::1]',
      '[2002:7f00:1::]',
      'localhost.',
    ];
    for (const host of hosts) {
      assert.match(refused(`https://${host}/a/b`), /AGENTICORE_ALLOWED_REPO_HOSTS/, host);
    }
    checkRepoUrl('https://127.0.0.1:8080/a', { allowedProtocols: ['https'], allowedHosts: ['127.0.0.1'] });
    const known: RepoUrlPolicy = {
      allowedProtocols: ['https'],
      knownHosts: ['ghe.internal', '10.0.0.5:8443'],
    };
    checkRepoUrl('https://ghe.internal/a', known);
    checkRepoUrl('https://10.0.0.5:8443/a', known);
    checkRepoUrl('https://github.com/a', known);
    refused('https://10.0.0.5/a', known);
    refused('https://ghe.internal/a', { ...known, allowedHosts: ['github.com'] });
  });

  it('must match the list of hosts, when there is one', () => {
    const policy: RepoUrlPolicy = {
      allowedProtocols: ['https', 'ssh'],
      allowedHosts: ['GitHub.com', '*.acme.example', 'git.test:8443'],
    };
    for (const url of [
      'https://github.com/a',
      'git@github.com:a/b',
      'https://x.y.acme.example/a',
      'https://git.test:8443/a',
    ]) {
      checkRepoUrl(url, policy);
    }
    for (const url of [
      'https://gitlab.com/a',
      'https://acme.example/a',
      'https://evilacme.example/a',
      'https://git.test/a',
      'https://github.com.evil.example/a',
    ]) {
      assert.match(refused(url, policy), /allowed: GitHub\.com/);
    }
  });
});

describe('the cache key of an address', () => {
  it('is the same for every spelling of one repository', () => {
    const spellings = [
      'https://github.com/acme/widgets',
      'https://GitHub.com/acme/widgets.git',
      'https://github.com:443/acme/widgets/',
      'HTTPS://github.com//acme/widgets',
    ];
    assert.deepEqual([...new Set(spellings.map(normaliseRepoUrl))], ['https://github.com/acme/widgets']);
    const ssh = [
      'git@github.com:acme/widgets.git',
      'ssh://git@github.com/acme/widgets',
      'ssh://git@github.com:22/acme/widgets/',
    ];
    assert.deepEqual([...new Set(ssh.map(normaliseRepoUrl))], ['ssh://github.com/acme/widgets']);
    assert.equal(normaliseRepoUrl('/srv//a.git/'), normaliseRepoUrl('file:///srv/a.git'));
  });

  it('differs where the repository may differ', () => {
    const keys = [
      'https://github.com/acme/widgets',
      'https://github.com/acme/Widgets',
      'https://github.com:8443/acme/widgets',
      'ssh://github.com/acme/widgets',
      'ssh://alice@github.com/acme/widgets',
      'file:///acme/widgets',
      'file:///acme/widgets.git',
    ].map(normaliseRepoUrl);
    assert.equal(new Set(keys).size, keys.length);
  });
});

describe('a base ref', () => {
  it('is a plain name of a branch, tag or commit', () => {
    for (const ref of [
      'main',
      'feature/x',
      'v1.2.3',
      'refs/heads/main',
      'a@b',
      'ünïcode',
      '0123abc',
      'HEAD',
      'a'.repeat(40),
    ]) {
      checkBaseRef(ref);
    }
  });

  it('is refused when git could read an option or an expression in it', () => {
    const attacks = [
      '--orphan',
      '--upload-pack=x',
      '-b',
      '',
      'a'.repeat(256),
      'a b',
      'a\tb',
      'a\nb',
      'a\0b',
      'a..b',
      'a~1',
      'a^',
      'HEAD^{tree}',
      'a:b',
      ':/fix',
      'a?b',
      'a*',
      'a[b',
      'a\\b',
      '@',
      'a@{1}',
      '/a',
      'a/',
      'a//b',
      '.a',
      'a/.b',
      'a.lock',
      'a.lock/b',
      'a.',
    ];
    for (const ref of attacks) {
      assert.throws(
        () => checkBaseRef(ref),
        (error) => isCode(error, 'BASE_REF_REFUSED'),
        JSON.stringify(ref),
      );
    }
  });
});
