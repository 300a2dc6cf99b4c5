// Labels, reviewers and assignees of a pull request that is open: what cannot be had is stated and costs nothing else.
// Where there are some already, somebody has seen to it; they are left alone.
import type { PullRequestOrder } from '../../ports/code-host.js';
import { type Pull, type Pulls, placeOf } from './open-pull.js';
import { complaintOf } from './refusal.js';
import { statusOf } from './status-of.js';

/** Adds what was ordered; a sentence for each thing that is missing then. */
export async function completePull(
  pulls: Pulls,
  pull: Pull,
  { labels, reviewers, assignees }: PullRequestOrder,
): Promise<readonly string[]> {
  const hasReviewers = isFilled(pull.requested_reviewers) || isFilled(pull.requested_teams);
  return [
    ...(labels.length === 0 || isFilled(pull.labels) ? [] : await addLabels(pulls, pull, labels)),
    ...(reviewers.length === 0 || hasReviewers ? [] : await askReviewers(pulls, pull, reviewers)),
    ...(assignees.length === 0 || isFilled(pull.assignees) ? [] : await assign(pulls, pull, assignees)),
  ];
}

const isFilled = (list: readonly unknown[] | null | undefined): boolean => (list ?? []).length > 0;

const addLabels = (pulls: Pulls, { number }: Pull, labels: readonly string[]): Promise<readonly string[]> =>
  stated(`It has not the labels ${labels.join(', ')}`, async () => {
    const order = { ...placeOf(pulls), issue_number: number, labels: [...labels] };
    await pulls.client.rest.issues.addLabels(order);
    return [];
  });

/** GitHub asks nobody when there is one whom it cannot ask: then each is tried alone. */
async function askReviewers(
  pulls: Pulls,
  { number }: Pull,
  reviewers: readonly string[],
): Promise<readonly string[]> {
  const ask = (names: readonly string[]): Promise<readonly string[]> =>
    stated(`${names.join(', ')} could not be asked for a review`, async () => {
      await pulls.client.rest.pulls.requestReviewers({
        ...placeOf(pulls),
        pull_number: number,
        reviewers: names.filter((name) => !name.includes('/')),
        team_reviewers: names.flatMap((name) => name.split('/').slice(1)),
      });
      return [];
    });
  const refusals = await ask(reviewers);
  if (refusals.length === 0 || reviewers.length === 1) return refusals;
  const alone: string[] = [];
  for (const reviewer of reviewers) alone.push(...(await ask([reviewer])));
  return alone;
}

/** GitHub leaves out without a word whom it cannot assign. */
const assign = (pulls: Pulls, { number }: Pull, assignees: readonly string[]): Promise<readonly string[]> =>
  stated(`It is not assigned to ${assignees.join(', ')}`, async () => {
    const order = { ...placeOf(pulls), issue_number: number, assignees: [...assignees] };
    const { data } = await pulls.client.rest.issues.addAssignees(order);
    const taken = (data.assignees ?? []).map(({ login }) => login.toLowerCase());
    return assignees
      .filter((name) => !taken.includes(name.toLowerCase()))
      .map(
        (name) =>
          `It is not assigned to ${name}: GitHub assigns only those who have access to the repository.`,
      );
  });

/** What `adding` found missing; `what`, and GitHub's words, when it was refused. */
async function stated(what: string, adding: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await adding();
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    return [`${what}: ${complaintOf(error)}`];
  }
}
