// Which profiles there are, broken ones with their fault, and where those of the git repository stand.
import type { Router } from 'express';
import type { RepositoryStanding } from '../../ports/profile-store.js';
import type { HttpDeps } from '../http/http-deps.js';
import { route, sendJson } from '../http/route.js';
import { isoTime } from '../wire/job-json.js';
import { profileListAnswer } from './job-answers.js';

/** GET /profiles and GET /profiles/health. */
export function addProfileRoutes(router: Router, { submit }: HttpDeps): void {
  route(router, '/profiles', {
    async GET(_req, res) {
      sendJson(res, 200, await profileListAnswer(submit.profiles));
    },
  });
  route(router, '/profiles/health', {
    async GET(_req, res) {
      const [all, repository] = await Promise.all([submit.profiles.list(), submit.profiles.repository()]);
      const broken = all.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, error }]));
      const healthy = broken.length === 0 && repository?.error === undefined;
      const standing = repository && repositoryJson(repository);
      sendJson(res, 200, { success: true, healthy, count: all.length, broken, repository: standing });
    },
  });
}

const repositoryJson = ({ place, revision, fetchedAt, checkedAt, error }: RepositoryStanding) => ({
  place,
  revision,
  fetched_at: fetchedAt && isoTime(fetchedAt),
  checked_at: checkedAt && isoTime(checkedAt),
  error,
});
