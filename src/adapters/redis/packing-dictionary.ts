// What the events of jobs have in common: packing a ledger refers to it instead of storing it.
//
// It belongs to format 1 of packed ledgers and must never change, not by a character: what was packed with it could not be
// unpacked any more. A better one takes another format, beside this one.

/** Pieces of events, the rarest first: the nearer to the end, the shorter a reference to it is. */
const PIECES = [
  '{"at":1,"by":"admin","type":"CallbackAsked"}\n{"at":1,"type":"JobExpired"}\n',
  '{"at":1,"by":"admin","fate":"dropped","type":"DeadLetterClosed"}\n{"at":1,"by":"admin","fate":"requeued","retriedAs":"',
  '{"at":1,"code":"CLAUDE_USAGE_LIMIT","error":"","heldMs":1,"type":"JobParked","until":1}\n',
  '{"at":1,"attempt":1,"code":"CLAUDE_USAGE_LIMIT","error":"","type":"AttemptParked","until":1}\n',
  '{"at":1,"attempt":1,"findings":[{"commit":"","line":1,"path":"","rule":"secrets","what":""},{"rule":"allow_workflows"',
  '}],"total":1,"type":"PushBlocked"}\n',
  '{"at":1,"by":"api","type":"CancelRequested"}\n{"at":1,"transcript":{"count":1,"head":""},"type":"JobCancelled"}\n',
  '{"at":1,"attempt":1,"type":"AttemptHandedBack","worker":"',
  '{"at":1,"attempt":1,"code":"WORKER_LOST","error":"","type":"AttemptLost","worker":"',
  '{"at":1,"attempt":1,"code":"MODEL_OVERLOADED","error":"","retryAt":1,"type":"AttemptFailed"}\n',
  '{"at":1,"attempt":1,"code":"VERIFICATION_FAILED","error":"","exhausted":true,"transcript":{"count":1,"head":"","type":"JobFailed"}\n',
  '{"at":1,"attempt":1,"error":"GitHub","type":"PullRequestFailed"}\n',
  '{"at":1,"error":"The receiver answered 500.","retryAt":1,"type":"CallbackFailed"}\n',
  '{"at":1,"httpStatus":200,"type":"CallbackDelivered"}\n',
  '"}],"output":"","passed":false,"round":2,"type":"VerificationFinished"}\n',
  '","delivers":{"branch":"agenticore-","commit":"","jobId":""},"filePath":"","heldMs":1,"maxBudgetUsd":1,"maxTurns":1,',
  '"metadata":{"","model":"claude-","retryOf":"","sessionId":"","timeoutS":3600,"traceparent":"00-',
  '","kind":"turn","order":{"backoffS":0,"lane":"agent:","maxAttempts":1,"mode":"sync","profile":"","queueTtlS":3600,"task":"",',
  '"ttlS":86400,"turn":{"agent":"","caller":"","conversation":"","packageVersion":"","uuid":"","visibility":{"final":true,',
  '"narration":true,"thinking":false,"tools":false}}},"type":"JobSubmitted"}\n',
  '-1 {"at":1,"attempt":1,"direct":true,"host":"","type":"AttemptStarted","worker":"',
  '","kind":"task","order":{"backoffS":30,"baseRef":"main","callbackUrl":"https://',
  '","kind":"task","order":{"backoffS":30,"lane":"jobs","maxAttempts":3,"mode":"fire_and_forget","profile":"code",',
  '"queueTtlS":86400,"repoUrl":"https://github.com/","task":"","ttlS":86400},"type":"JobSubmitted"}\n',
  '-0 {"at":1,"attempt":1,"host":"","type":"AttemptStarted","worker":"agenticore-worker-"}\n',
  '-0 {"at":1,"attempt":1,"baseOid":"","baseRef":"main","branch":"agenticore-","configDir":"/home/agenticore/.agenticore/jobs/',
  '/claude","kept":false,"path":"/tree","type":"WorkspaceOpened"}\n',
  '-0 {"at":1,"attempt":1,"commands":[{"command":"npm ci","durationMs":1,"exitCode":0},{"command":"","durationMs":1,"exitCode":1}],',
  '"output":"\\n","passed":true,"type":"SetupFinished"}\n',
  '-0 {"at":1,"attempt":1,"pid":1,"resumed":false,"sessionId":"","type":"ClaudeStarted"}\n',
  '-0 {"answer":{"bytes":1,"sha256":""},"at":1,"attempt":1,"costUsd":0.1,"exitCode":0,"numTurns":1,"transcript":{"count":1,"head":"',
  '"},"type":"ClaudeFinished","usage":{"cache_creation":{"ephemeral_1h_input_tokens":0,"ephemeral_5m_input_tokens":0},',
  '"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"inference_geo":"","input_tokens":0,"iterations":[],"output_tokens":0,',
  '"server_tool_use":{"web_fetch_requests":0,"web_search_requests":0},"service_tier":"standard","speed":"standard"}}\n',
  '-0 {"at":1,"attempt":1,"commands":[{"command":"npm test","durationMs":1,"exitCode":0}],"output":"',
  '\\n","passed":true,"round":1,"type":"VerificationFinished"}\n',
  '-0 {"at":1,"attempt":1,"leftUncommitted":false,"oid":"","type":"CommitReady"}\n',
  '-0 {"at":1,"attempt":1,"branch":"agenticore-","oid":"","type":"BranchPushed"}\n',
  '-0 {"at":1,"attempt":1,"existed":false,"type":"PullRequestOpened","url":"https://github.com/","/pull/"}\n',
  '-0 {"at":1,"attempt":1,"transcript":{"count":1,"head":"","type":"JobSucceeded"}\n',
  '0-0,-\n-0 {"at":17,"jobId":"',
];

export const DICTIONARY_1: Buffer = Buffer.from(PIECES.join(''));
