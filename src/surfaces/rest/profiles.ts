// Which profiles there are, broken ones with their fault, and where those of the git repository stand.
import type { Router } from 'express';
import type { ProfileSummary, RepositoryStanding } from '../../ports/profile-store.js';
import type { HttpDeps } from '../http/http-deps.js';
import { route, sendJson } from '../http/route.js';
import { isoTime } from '../wire/job-json.js';

/** GET /profiles and GET /profiles/health. */
export function addProfileRoutes(router: Router, { submit }: HttpDeps): void {
  route(router, '/profiles', {
    async GET(_req, res) {
      const profiles = (await submit.profiles.list()).map(profileJson);
      sendJson(res, 200, { success: true, count: profiles.length, profiles });
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

function profileJson(summary: ProfileSummary): Record<string, unknown> {
  const { name, description, source, error, profile } = summary;
  const { model, max_turns, permission_mode, effort } = profile?.claude ?? {};
  return {
    name,
    description,
    model: model ?? undefined,
    max_turns: max_turns ?? undefined,
    auto_pr: profile?.autoPr,
    permission_mode: permission_mode ?? undefined,
    extends: summary.extends,
    effort: effort ?? undefined,
    source,
    error,
  };
}
