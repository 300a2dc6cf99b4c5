// Which profiles there are, broken ones with their fault.
import type { Router } from 'express';
import type { HttpDeps } from '../http/http-deps.js';
import { route, sendJson } from '../http/route.js';
import { profileListAnswer } from './job-answers.js';

/** GET /profiles. */
export function addProfileRoutes(router: Router, { submit }: HttpDeps): void {
  route(router, '/profiles', {
    async GET(_req, res) {
      sendJson(res, 200, await profileListAnswer(submit.profiles));
    },
  });
}
