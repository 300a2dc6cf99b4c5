// docs/errors.md, made from the one table of errors.
import { ERRORS, publicCode } from '../../src/domain/errors.js';
import { OUTCOMES } from '../../src/domain/outcomes.js';
import { table } from './table.js';

/** The whole page. */
export function errorsPage(): string {
  const groups = Object.entries(OUTCOMES).map(([outcome, { meaning }]) => {
    const rows = Object.entries(ERRORS)
      .filter(([, row]) => row.outcome === outcome)
      .map(([code, { status, message }]) => [`\`${code}\``, String(status), message]);
    return `## ${outcome}\n\n${meaning}\n\n${table(['code', 'status', 'message'], rows)}`;
  });
  return `${[HEAD, ...groups].join('\n\n')}\n`;
}

const HEAD = `# Errors

<!-- Made by \`npm run docs\` from src/domain/{refusals,failures}.ts; edit those instead. -->

Every failure has a code. Over HTTP it reads \`${publicCode('INTERNAL')}\` for the code \`INTERNAL\`, with the status below:

\`\`\`json
{ "success": false, "code": "${publicCode('UNKNOWN_PROFILE')}", "status": 400, "error": "...", "details": [] }
\`\`\`

\`error\` is the sentence below, or a more precise one. \`details\` has one entry, \`path\` and \`message\`, for each field that is
wrong. A job that failed carries \`code\` and \`error\` in the same way; there, the class says\nwhether it is tried again: [retries.md](retries.md) has the table.`;
