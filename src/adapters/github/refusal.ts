// What GitHub, or the way to it, has against a pull request: a code of the table and a sentence that says what to do.
import { AgenticoreError, type ErrorCode, messageOf } from '../../domain/errors.js';
import { isRecord } from '../../domain/json-record.js';
import { failureBehind } from './on-the-way.js';
import type { RepositoryName } from './repository-name.js';
import { mayPass, statusOf } from './status-of.js';

export interface Asked {
  readonly host: string;
  readonly repository: RepositoryName;
  readonly base: string;
}

/** A refusal as one of the table; what is none of GitHub's stays what it is. */
export function explainRefusal(error: unknown, asked: Asked): unknown {
  const refused = (code: ErrorCode, sentence: string): AgenticoreError =>
    new AgenticoreError(code, sentence, { cause: error });
  const { host, repository } = asked;
  if (error instanceof Error && error.name === 'TimeoutError')
    return refused('CODE_HOST_UNREACHABLE', `${host} did not answer in time; retry the job later.`);
  const onTheWay = failureBehind(error, host);
  if (onTheWay !== undefined) return onTheWay;
  const status = statusOf(error);
  if (status === undefined) return error;
  const name = `${repository.owner}/${repository.name}`;
  const said = complaintOf(error);
  const limit = limitOf(error);
  if (limit !== undefined)
    return refused(
      'CODE_HOST_LIMITED',
      `${host} limits our requests${limit}; retry the job then. It said: ${said}`,
    );
  switch (status) {
    case 401:
      return refused(
        'CODE_HOST_AUTH_FAILED',
        `${host} does not accept our token (${said}); set a valid GITHUB_TOKEN or GitHub App and retry the job.`,
      );
    case 403:
      return refused('CODE_HOST_AUTH_FAILED', forbidden(error, name, said));
    case 404:
      return refused(
        'CODE_HOST_AUTH_FAILED',
        `${name} does not exist on ${host}, or our token may not see its pull requests; give the token or the GitHub App access to the repository and retry the job.`,
      );
    case 422:
      return refused('CODE_HOST_REFUSED', invalid(said, name, asked.base));
    default:
      return mayPass(status)
        ? refused(
            'CODE_HOST_UNREACHABLE',
            `${host} cannot open pull requests now (${said}); retry the job later.`,
          )
        : refused('CODE_HOST_REFUSED', `${host} refused the pull request (${status}): ${said}`);
  }
}

/** GitHub's own words, those for each field behind the general ones. */
export function complaintOf(error: unknown): string {
  const errors = memberOf(error, 'response', 'data', 'errors');
  const words = (Array.isArray(errors) ? errors : []).map((each) =>
    isRecord(each) ? String(each.message ?? `${each.field} is ${each.code}`) : String(each),
  );
  const general = memberOf(error, 'response', 'data', 'message') ?? messageOf(error);
  return [general, ...words].join(': ');
}

/** Until when GitHub takes no more requests, as the rest of a sentence; undefined when it is not that. */
function limitOf(error: unknown): string | undefined {
  if (statusOf(error) !== 403 && statusOf(error) !== 429) return undefined;
  const retryAfter = Number(headerOf(error, 'retry-after'));
  if (retryAfter > 0) return ` for ${retryAfter} s`;
  if (headerOf(error, 'x-ratelimit-remaining') === '0') {
    const reset = Number(headerOf(error, 'x-ratelimit-reset')) * 1000;
    return reset > 0 ? ` until ${new Date(reset).toISOString()}` : '';
  }
  return /secondary rate limit/i.test(complaintOf(error)) ? '' : undefined;
}

function forbidden(error: unknown, name: string, said: string): string {
  const sso = /url=(\S+)/.exec(headerOf(error, 'x-github-sso') ?? '')?.[1];
  if (sso !== undefined)
    return `The organisation asks for single sign-on: authorise the token at ${sso} and retry the job.`;
  const needed = headerOf(error, 'x-accepted-github-permissions');
  const permission = needed === undefined ? '"Pull requests: read and write"' : `"${needed}"`;
  return `Our token may not open pull requests of ${name} (${said}); give the token or the GitHub App the permission ${permission} and retry the job.`;
}

function invalid(said: string, name: string, base: string): string {
  if (/base is invalid|\bbase\b.*invalid/i.test(said))
    return `${base} is no branch of ${name}, so nothing can be merged into it; submit the task with a branch as base_ref.`;
  return `GitHub refused the pull request: ${said}`;
}

function headerOf(error: unknown, name: string): string | undefined {
  const value = memberOf(error, 'response', 'headers', name);
  return value === undefined ? undefined : String(value);
}

const memberOf = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce((inner, key) => (isRecord(inner) ? inner[key] : undefined), value);
