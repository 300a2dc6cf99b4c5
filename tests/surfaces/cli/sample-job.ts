// One job as the server tells it from its start to its end, and a double that holds it.
import { frame, frames, json, type ServerDouble } from './server-double.js';

export const ID = '3f2a9c1e-0000-4000-8000-0123456789ab';

/** A job as the server tells it. */
export const jobJson = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: ID,
  kind: 'task',
  task: 'make the test pass',
  profile: 'code',
  status: 'queued',
  mode: 'fire_and_forget',
  created_at: '2026-01-02T03:04:05.000Z',
  ttl_seconds: 86_400,
  attempt: 0,
  attempts_used: 0,
  max_attempts: 3,
  cost_usd: 0,
  num_turns: 0,
  version: 1,
  ...overrides,
});

export const SUCCEEDED = {
  status: 'succeeded',
  repo_url: 'https://github.com/acme/widgets.git',
  base_ref: 'main',
  branch: `agenticore-${ID}`,
  commit: '0123456789abcdef0123456789abcdef01234567',
  output: 'The test passes now.',
  started_at: '2026-01-02T03:04:06.000Z',
  ended_at: '2026-01-02T03:05:18.000Z',
  attempt: 1,
  attempts_used: 1,
  cost_usd: 0.0312,
  num_turns: 7,
};

export const DIFF = `diff --git a/src/sum.js b/src/sum.js
index 1111111..2222222 100644
--- a/src/sum.js
+++ b/src/sum.js
@@ -1,3 +1,3 @@
 export function sum(a, b) {
-  return a - b;
+  return a + b;
 }
`;

const AT = '2026-01-02T03:04:06.000Z';
let version = 0;
const event = (type: string, more: Record<string, unknown> = {}): Record<string, unknown> => {
  version += 1;
  return { type, version, at: AT, attempt: 1, prev: 'x', ...more };
};
const message = (more: Record<string, unknown>): Record<string, unknown> => ({
  attempt: 1,
  seq: 1,
  prev: 'x',
  message: more,
});

export const say = (text: string, more: Record<string, unknown> = {}): Record<string, unknown> =>
  message({
    type: 'assistant',
    message: { id: `msg_${text.length}`, content: [{ type: 'text', text }] },
    ...more,
  });

/** The frames of a whole job, streamed text included. */
export const STORY: readonly string[] = [
  frame(1, 'JobSubmitted', event('JobSubmitted', { job_id: ID, order: { task: 'make the test pass' } })),
  frame(2, 'AttemptStarted', event('AttemptStarted', { worker: 'w1', host: 'h1' })),
  frame(
    3,
    'WorkspaceOpened',
    event('WorkspaceOpened', {
      path: '/w/1',
      branch: `agenticore-${ID}`,
      base_ref: 'main',
      base_oid: 'abcdef0123456789',
    }),
  ),
  frame(4, 'ClaudeStarted', event('ClaudeStarted', { pid: 4711, session_id: 's1' })),
  frame(
    5,
    'system',
    message({
      type: 'system',
      subtype: 'init',
      session_id: 's1',
      model: 'claude-sonnet',
      claude_code_version: '2.1.197',
    }),
  ),
  frame(6, 'delta', {
    attempt: 1,
    seq: 2,
    block: 0,
    delta: 'thinking',
    text: 'Let me ',
    parent_tool_use_id: null,
  }),
  frame(7, 'delta', {
    attempt: 1,
    seq: 3,
    block: 0,
    delta: 'thinking',
    text: 'look first.',
    parent_tool_use_id: null,
  }),
  frame(
    8,
    'assistant',
    message({
      type: 'assistant',
      message: { id: 'm1', content: [{ type: 'thinking', thinking: 'Let me look first.' }] },
    }),
  ),
  frame(9, 'delta', {
    attempt: 1,
    seq: 5,
    block: 1,
    delta: 'input_json',
    text: '{"command"',
    parent_tool_use_id: null,
  }),
  frame(
    10,
    'assistant',
    message({
      type: 'assistant',
      message: {
        id: 'm1',
        content: [{ type: 'tool_use', id: 't1', name: 'Bash', input: { command: 'npm test' } }],
      },
    }),
  ),
  frame(
    11,
    'user',
    message({
      type: 'user',
      message: {
        content: [
          { type: 'tool_result', tool_use_id: 't1', content: 'one\ntwo\nthree\nfour\nfive\nsix\nseven' },
        ],
      },
    }),
  ),
  frame(12, 'delta', {
    attempt: 1,
    seq: 8,
    block: 0,
    delta: 'text',
    text: 'The sum ',
    parent_tool_use_id: null,
  }),
  frame(13, 'delta', {
    attempt: 1,
    seq: 9,
    block: 0,
    delta: 'text',
    text: 'was a difference.\nNow it ',
    parent_tool_use_id: null,
  }),
  frame(
    14,
    'assistant',
    message({
      type: 'assistant',
      message: { id: 'm2', content: [{ type: 'text', text: 'The sum was a difference.\nNow it adds.' }] },
    }),
  ),
  frame(15, 'a_type_nobody_knows', message({ type: 'a_type_nobody_knows' })),
  frame(16, 'result', message({ type: 'result', subtype: 'success', total_cost_usd: 0.0312 })),
  frame(17, 'ClaudeFinished', event('ClaudeFinished', { exit_code: 0, cost_usd: 0.0312, num_turns: 7 })),
  frame(18, 'CommitReady', event('CommitReady', { oid: '0123456789abcdef', left_uncommitted: false })),
  frame(19, 'BranchPushed', event('BranchPushed', { branch: `agenticore-${ID}`, oid: '0123456789abcdef' })),
  frame(20, 'JobSucceeded', event('JobSucceeded')),
  frame('20-0.end', 'end', { job_id: ID, status: 'succeeded' }),
];

/** Lets the double hold one job that has succeeded, with its feed and diff. */
export function holdSucceededJob(server: ServerDouble, overrides: Record<string, unknown> = {}): void {
  const job = jobJson({ ...SUCCEEDED, ...overrides });
  server.on('POST /jobs', (res) => json(res, 202, { success: true, job: jobJson() }));
  server.on(`GET /jobs/${ID}`, (res) => json(res, 200, { success: true, job }));
  server.on(`GET /jobs/${ID}/events`, (res) => frames(res, STORY));
  server.on(
    `GET /jobs/${ID}/diff`,
    (res) => void res.writeHead(200, { 'content-type': 'text/x-diff' }).end(DIFF),
  );
}
