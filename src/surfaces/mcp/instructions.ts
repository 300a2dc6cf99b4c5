// What a model is told about this server before it has called anything.

export const FLEET_INSTRUCTIONS = `Agenticore runs Claude Code on a server, in a fresh clone of a repository, and hands back a pushed branch or a pull request.
Use run_task for work on a repository that can go on by itself: give the whole task, repo_url, and a profile (list_profiles; the prompts fix, review and plan show how). It does not see this conversation or your files: put everything it needs into task, and push what it must build on.
run_task waits for wait_seconds and may return a job that is queued or running; that is no failure. Call get_job with wait_seconds until status is succeeded, failed, cancelled or expired. Do not submit the task again meanwhile.
job_output and job_diff give the answer and the change of an ended job; retry_job submits an ended job again; cancel_job stops one.`;

export const AGENT_INSTRUCTIONS = `This server is an agent with tools and knowledge of its own. Ask it with agent_completions. A turn that takes longer than wait_seconds goes on: call again with the same uuid and message to get its answer.`;
