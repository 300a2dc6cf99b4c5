// Which profiles there are, broken ones with their fault.
import type { Router } from 'express';
import type { ProfileSummary } from '../../ports/profile-store.js';
import type { HttpDeps } from '../http/http-deps.js';
import { route, sendJson } from '../http/route.js';

/** GET /profiles. */
export function addProfileRoutes(router: Router, { submit }: HttpDeps): void {
  route(router, '/profiles', {
    async GET(_req, res) {
      const profiles = (await submit.profiles.list()).map(profileJson);
      sendJson(res, 200, { success: true, count: profiles.length, profiles });
    },
  });
}

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
