// run_task: a job submitted and, for a while, waited for. What takes longer than a client waits goes on and is asked for.
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { cancelJob, waitForEnd } from '../../../app/inspect-jobs.js';
import { submitJob } from '../../../app/submit-job.js';
import { messageOf } from '../../../domain/errors.js';
import { isTerminal, type Job } from '../../../domain/job.js';
import type { JsonRecord } from '../../../domain/json-record.js';
import { wholeJobAnswer } from '../../rest/job-answers.js';
import { type JobRequestBody, toJobRequest, traceOf } from '../../rest/job-request.js';
import type { McpDeps } from '../mcp-deps.js';
import { answered, type ToolCall } from '../shelf.js';
import { USUAL_WAIT_S, waitForAnswer } from '../wait-for-answer.js';
import { jobLinks } from './job-address.js';

/** Submits a job, and cancels it when the call that started it is called off. */
export async function runTask(deps: McpDeps, args: JsonRecord, call: ToolCall): Promise<CallToolResult> {
  // Checked against the schema, which is that of the body of POST /jobs.
  const { wait = true, wait_seconds: waitS = USUAL_WAIT_S, ...body } = args as unknown as JobRequestBody;
  const job = await submitJob(deps.submit, toJobRequest({ ...body, wait }), traceOf(call.get('traceparent')));
  const now = wait ? await waitFor(deps, job, waitS, call) : job;
  if (call.calledOff.aborted) await cancelJob(deps.submit, job.id, call.caller);
  return jobResult(deps, now);
}

/** The job when it ends, or as it stands after the time. */
export async function waitFor(deps: McpDeps, job: Job, seconds: number, call: ToolCall): Promise<Job> {
  const wait = (signal: AbortSignal): Promise<Job> => waitForEnd(deps.bus, job.id, signal);
  try {
    return await waitForAnswer(deps, { jobId: job.id, seconds }, call, wait);
  } catch (error) {
    // The job is there, whatever became of the waiting.
    deps.log('mcp.wait_failed', { job_id: job.id, error: messageOf(error) }, 'warn');
    return job;
  }
}

/** A job as a result, with what to do next while it has not ended. */
export async function jobResult({ bus }: McpDeps, job: Job): Promise<CallToolResult> {
  const answer = await wholeJobAnswer(bus.events, job);
  const next = isTerminal(job.status) ? undefined : nextStep(job);
  return answered(next === undefined ? answer : { ...answer, next }, jobLinks(job));
}

const nextStep = ({ id, status }: Job): string =>
  `The job is ${status} and goes on by itself. Call get_job with job_id ${id} and wait_seconds ${USUAL_WAIT_S} until it has ended; do not submit the task again.`;
