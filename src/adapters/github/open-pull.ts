// The open pull request of a branch: found, or opened. GitHub itself refuses a second one of a branch, so that whoever
// was overtaken between looking and opening finds the other's.
import type { PullRequestOrder } from '../../ports/code-host.js';
import type { PullClient } from './pull-client.js';
import { complaintOf } from './refusal.js';
import type { RepositoryName } from './repository-name.js';
import { statusOf } from './status-of.js';

/** The pull requests of one repository. */
export interface Pulls {
  readonly client: PullClient;
  readonly repository: RepositoryName;
  readonly signal: AbortSignal;
}

/** What we look at of GitHub's long answer. */
export interface Pull {
  readonly number: number;
  readonly html_url: string;
  readonly labels: readonly unknown[];
  readonly assignees?: readonly unknown[] | null;
  readonly requested_reviewers?: readonly unknown[] | null;
  readonly requested_teams?: readonly unknown[] | null;
}

export interface OpenedPull {
  readonly pull: Pull;
  readonly existed: boolean;
  readonly shortfalls: readonly string[];
}

/** How every call names its repository and what stops it. */
export const placeOf = ({ repository: { owner, name }, signal }: Pulls) => ({
  owner,
  repo: name,
  request: { signal },
});

export async function findPull(pulls: Pulls, branch: string): Promise<Pull | undefined> {
  const head = `${pulls.repository.owner}:${branch}`;
  const { data } = await pulls.client.rest.pulls.list({ ...placeOf(pulls), head, state: 'open' });
  return data.find((pull) => pull.head.ref === branch);
}

/** `found`, or a new one. */
export async function openPull(
  pulls: Pulls,
  order: PullRequestOrder,
  found: Pull | undefined,
): Promise<OpenedPull> {
  if (found !== undefined) return { pull: found, existed: true, shortfalls: [] };
  const { branch: head, base, title, body, draft } = order;
  const open = async (asDraft: boolean): Promise<Pull> =>
    (await pulls.client.rest.pulls.create({ ...placeOf(pulls), head, base, title, body, draft: asDraft }))
      .data;
  try {
    return { pull: await open(draft), existed: false, shortfalls: [] };
  } catch (error) {
    if (statusOf(error) !== 422) throw error;
    const complaint = complaintOf(error);
    if (draft && /draft/i.test(complaint)) {
      const shortfalls = [`It is no draft: ${complaint}`];
      return { pull: await open(false), existed: false, shortfalls };
    }
    const others = /already exists/i.test(complaint) ? await findPull(pulls, head) : undefined;
    if (others === undefined) throw error;
    return { pull: others, existed: true, shortfalls: [] };
  }
}
