// The git side of the GitHub of the tests: git's own server behind GitHub's rules on who may read and write.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { runBackend } from '../git-http-server.js';
import { type Holder, holderOf, may, type Repository, sees, type World } from './world.js';

const GIT_PATH = /^\/([^/]+\/[^/]+?)(?:\.git)?(\/(?:info\/refs|git-upload-pack|git-receive-pack))$/;
/** Told to the hook of a repository when whoever pushes may not change workflows. */
const NO_WORKFLOWS = 'AGENTICORE_TEST_NO_WORKFLOWS';

/** Answers what git asks for; false when the address is none of git's. */
export function answerGit(world: World, request: IncomingMessage, response: ServerResponse): boolean {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const [, fullName = '', rest = ''] = GIT_PATH.exec(pathname) ?? [];
  if (rest === '') return false;
  const service = rest === '/info/refs' ? (searchParams.get('service') ?? '') : rest;
  const isPush = service.endsWith('git-receive-pack');
  const repository = world.repositories.get(fullName);
  const login = request.headers.authorization;
  const token = login === undefined ? undefined : passwordOf(login);
  const holder = token === undefined ? undefined : holderOf(world, token);
  const refusal = refusalOf(repository, isPush, { isNamed: login !== undefined, holder });
  if (refusal !== undefined || repository === undefined) {
    const [status, words] = refusal ?? [404, 'Repository not found.'];
    const asking = status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {};
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...asking }).end(`${words}\n`);
    return true;
  }
  const { path } = repository.remote;
  const mayChangeWorkflows = holder !== undefined && may(holder, 'workflows', 'write');
  const env = mayChangeWorkflows ? {} : { [NO_WORKFLOWS]: '1' };
  runBackend({ root: dirname(path), path: `/${basename(path)}${rest}`, env }, request, response);
  return true;
}

/** `Basic x-access-token:<token>` and `Basic <user>:<token>`. */
function passwordOf(authorization: string): string | undefined {
  const login = /^basic (.+)$/i.exec(authorization)?.[1];
  return login === undefined
    ? undefined
    : Buffer.from(login, 'base64').toString().split(':').slice(1).join(':');
}

function refusalOf(
  repository: Repository | undefined,
  isPush: boolean,
  { isNamed, holder }: { readonly isNamed: boolean; readonly holder: Holder | undefined },
): readonly [number, string] | undefined {
  if (isNamed && holder === undefined)
    return [401, 'Invalid username or token. Password authentication is not supported for Git operations.'];
  if (holder === undefined)
    return repository?.isPublic && !isPush ? undefined : [401, 'Authentication required'];
  if (repository === undefined || !sees(holder, repository)) return [404, 'Repository not found.'];
  if (isPush && !may(holder, 'contents', 'write')) {
    const words = `Permission to ${repository.fullName}.git denied to ${holder.login}.`;
    return [403, holder.kind === 'user' ? words : 'Write access to repository not granted.'];
  }
  if (!repository.isPublic && !may(holder, 'contents', 'read')) return [404, 'Repository not found.'];
  return undefined;
}

/**
 * Sets what a repository refuses to have pushed: workflows from those who may not change them, and branches that match
 * a pattern of the shell, with the words it does so.
 */
export function writeRules(repository: string, rules: Readonly<Record<string, string>>): void {
  const cases = Object.entries(rules).map(
    ([branches, words]) => `    refs/heads/${branches}) cat >&2 <<'END'\n${words}\nEND\n      exit 1 ;;`,
  );
  const script = `#!/bin/sh
while read -r old new ref; do
  case "$ref" in
${cases.join('\n')}
    *) ;;
  esac
  if [ -n "$${NO_WORKFLOWS}" ] && [ "$new" != 0000000000000000000000000000000000000000 ]; then
    file=$(git log --format= --name-only "$new" --not --all -- .github/workflows | head -n 1)
    if [ -n "$file" ]; then
      echo "refusing to allow a GitHub App to create or update workflow \\\`$file\\\` without \\\`workflows\\\` permission" >&2
      exit 1
    fi
  fi
done
`;
  const hook = join(repository, 'hooks', 'pre-receive');
  mkdirSync(dirname(hook), { recursive: true });
  writeFileSync(hook, script);
  chmodSync(hook, 0o755);
}
