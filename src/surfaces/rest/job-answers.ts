// What callers are told of jobs and profiles, as JSON: the same over REST and over MCP.
import { countJobs, type JobWithAnswer, listJobs } from '../../app/inspect-jobs.js';
import type { Job } from '../../domain/job.js';
import type { JsonRecord } from '../../domain/json-record.js';
import type { EventLog, JobQuery } from '../../ports/event-log.js';
import type { ProfileStore, ProfileSummary } from '../../ports/profile-store.js';
import { jobJson } from '../wire/job-json.js';

export const DEFAULT_LIST = 20;
export const MAX_LIST = 200;

/** A job, with its final answer where that is at hand. */
export const jobAnswer = ({
  job,
  answer,
}: Pick<JobWithAnswer, 'job'> & Partial<JobWithAnswer>): JsonRecord => ({
  success: true,
  job: jobJson(job, answer),
});

/** A job, with its final answer if it has one. */
export const wholeJobAnswer = async (events: EventLog, job: Job): Promise<JsonRecord> =>
  jobAnswer({ job, answer: job.answer && (await events.answer(job.id)) });

/** Newest first. Throws INVALID_REQUEST on a malformed cursor. */
export async function jobListAnswer(events: EventLog, query: JobQuery): Promise<JsonRecord> {
  const [{ jobs, next }, total] = await Promise.all([
    listJobs(events, query),
    countJobs(events, query.status),
  ]);
  return {
    success: true,
    count: jobs.length,
    total,
    jobs: jobs.map((job) => jobJson(job)),
    next_cursor: next,
  };
}

/** Every profile, broken ones with their fault. */
export async function profileListAnswer(store: ProfileStore): Promise<JsonRecord> {
  const profiles = (await store.list()).map(profileJson);
  return { success: true, count: profiles.length, profiles };
}

function profileJson(summary: ProfileSummary): JsonRecord {
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
