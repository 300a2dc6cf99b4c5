// The tools of a fleet besides run_task: look at jobs, end them, submit them once more.
import { cancelJob, diffOfJob, getJob } from '../../../app/inspect-jobs.js';
import { retryJob } from '../../../app/submit-job.js';
import { AgenticoreError } from '../../../domain/errors.js';
import { isTerminal, type JobStatus } from '../../../domain/job.js';
import { type JsonRecord, present } from '../../../domain/json-record.js';
import { asJobId } from '../../http/limits.js';
import { DEFAULT_LIST, jobListAnswer, MAX_LIST, profileListAnswer } from '../../rest/job-answers.js';
import type { McpDeps } from '../mcp-deps.js';
import { answered, type Tool } from '../shelf.js';
import { tool } from '../tool.js';
import * as schemas from '../tool-schemas.js';
import { addressOf, MIME_TYPES, type Part } from './job-address.js';
import { jobResult, runTask, waitFor } from './run-task.js';

/** As much text as one answer holds; a final answer is never longer. */
const MOST_CHARACTERS = 1024 * 1024;

const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

/** All tools of a fleet. */
export function fleetTools(deps: McpDeps): readonly Tool[] {
  const { events } = deps.bus;
  const [job, request, retry] = ['job', 'job-request', 'job-retry'].map(deps.mcp.schemas.read);
  if (job === undefined || request === undefined || retry === undefined)
    throw new Error('a schema is missing');
  const idOf = ({ job_id }: JsonRecord): string => asJobId(String(job_id));

  return [
    tool('run_task', 'Run a coding task', {
      description:
        'Hands a coding task to Claude Code on the server: it clones repo_url, works in a worktree of its own, and pushes a branch or opens a pull request, as the profile says. Waits up to wait_seconds for the end; a longer job goes on and is asked for with get_job.',
      input: schemas.runTaskInput(request),
      output: schemas.jobOutput(job),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
      scope: 'jobs:write',
      run: (args, call) => runTask(deps, args, call),
    }),
    tool('get_job', 'Look at a job', {
      description: 'A job as it stands, with its final answer once it has ended; can wait for the end.',
      input: schemas.getJobInput(request),
      output: schemas.jobOutput(job),
      annotations: READS,
      scope: 'jobs:read',
      async run(args, call) {
        const found = await getJob(events, idOf(args));
        const seconds = Number(args.wait_seconds ?? 0);
        const isOver = isTerminal(found.job.status) || seconds === 0;
        return jobResult(deps, isOver ? found.job : await waitFor(deps, found.job, seconds, call));
      },
    }),
    tool('list_jobs', 'List jobs', {
      description: 'Jobs, newest first, without their final answers.',
      input: schemas.listInput(job, { usual: DEFAULT_LIST, most: MAX_LIST }),
      output: schemas.jobListOutput(job),
      annotations: READS,
      scope: 'jobs:read',
      async run({ limit = DEFAULT_LIST, status, cursor }) {
        const query = {
          status: status as JobStatus | undefined,
          before: cursor ? String(cursor) : undefined,
        };
        return answered(await jobListAnswer(events, { limit: Number(limit), ...present(query) }));
      },
    }),
    tool('cancel_job', 'Cancel a job', {
      description: 'Stops a job wherever it runs; one that has ended stays as it is.',
      input: schemas.jobIdInput(),
      output: schemas.jobOutput(job),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
      scope: 'jobs:write',
      run: async (args, { caller }) => jobResult(deps, await cancelJob(deps.submit, idOf(args), caller)),
    }),
    tool('retry_job', 'Submit a job once more', {
      description:
        'Submits an ended job again as a new job, with the same task or an edited one. Does not wait.',
      input: schemas.retryInput(retry),
      output: schemas.jobOutput(job),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
      scope: 'jobs:write',
      async run(args) {
        const task = args.task === undefined ? undefined : String(args.task);
        return jobResult(deps, await retryJob(deps.submit, idOf(args), task));
      },
    }),
    tool('list_profiles', 'List profiles', {
      description: 'The profiles of the server: how Claude may run, for the `profile` of run_task.',
      input: schemas.object([], {}),
      output: schemas.profileListOutput(deps.mcp.schemas.read('answers')),
      annotations: READS,
      scope: 'jobs:read',
      run: async () => answered(await profileListAnswer(deps.submit.profiles)),
    }),
    tool('job_output', 'Read the final answer of a job', {
      description: "Claude's final answer, as text.",
      input: schemas.jobIdInput(),
      output: schemas.textOutput('output', "Claude's final answer."),
      annotations: READS,
      scope: 'jobs:read',
      async run(args) {
        const jobId = idOf(args);
        const { answer } = await getJob(events, jobId);
        if (answer === undefined) throw new AgenticoreError('OUTPUT_NOT_FOUND');
        return textResult(jobId, 'output', answer);
      },
    }),
    tool('job_diff', 'Read what a job changed', {
      description: 'The unified diff from the base of the job to its commit.',
      input: schemas.jobIdInput(),
      output: schemas.textOutput('diff', 'Unified diff, as `git apply` takes it.'),
      annotations: READS,
      scope: 'jobs:read',
      async run(args) {
        const jobId = idOf(args);
        return textResult(jobId, 'diff', await diffOfJob({ ...deps, events }, jobId));
      },
    }),
  ];
}

function textResult(jobId: string, part: Exclude<Part, ''>, text: string) {
  const isLong = text.length > MOST_CHARACTERS;
  const shown = isLong ? text.slice(0, MOST_CHARACTERS).replace(/\p{Surrogate}$/u, '') : text;
  const link = {
    type: 'resource_link' as const,
    uri: addressOf(jobId, part),
    name: `${part} of job ${jobId}`,
    mimeType: MIME_TYPES[part],
  };
  return answered({ success: true, job_id: jobId, [part]: shown, ...(isLong ? { truncated: true } : {}) }, [
    link,
  ]);
}
