// docs/errors.md, made from the one table of errors.
import { ERRORS, type OutcomeClass, publicCode } from '../../src/domain/errors.js';
import { table } from './table.js';

const CLASSES: Readonly<Record<OutcomeClass, string>> = {
  request: 'The caller must change the request. A job that ends so is not tried again.',
  setup:
    'Somebody must mend the installation: credentials, a binary, a permission. Trying again is useless before.',
  transient: 'It may pass by itself. A job is tried again after a while, up to its number of attempts.',
  quota:
    "The model's owner said when to come back. The job is parked until then, and the attempt does not count.",
  final: 'Claude, or the job itself, came to an end that trying again would not change.',
};

/** The whole page. */
export function errorsPage(): string {
  const groups = Object.entries(CLASSES).map(([outcome, meaning]) => {
    const rows = Object.entries(ERRORS)
      .filter(([, row]) => row.outcome === outcome)
      .map(([code, { status, message }]) => [`\`${code}\``, String(status), message]);
    return `## ${outcome}\n\n${meaning}\n\n${table(['code', 'status', 'message'], rows)}`;
  });
  return `${[HEAD, ...groups].join('\n\n')}\n`;
}

const HEAD = `# Errors

<!-- Made by \`npm run docs\` from src/domain/errors.ts; edit that instead. -->

Every failure has a code. Over HTTP it reads \`${publicCode('INTERNAL')}\` for the code \`INTERNAL\`, with the status below:

\`\`\`json
{ "success": false, "code": "${publicCode('UNKNOWN_PROFILE')}", "status": 400, "error": "...", "details": [] }
\`\`\`

\`error\` is the sentence below, or a more precise one. \`details\` has one entry, \`path\` and \`message\`, for each field that is
wrong. A job that failed carries \`code\` and \`error\` in the same way; there, the class says whether it is tried again.`;
