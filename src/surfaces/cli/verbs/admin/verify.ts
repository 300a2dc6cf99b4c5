// `agenticore admin verify`: is all that there is of a job still what it was? Exit code 0: yes; 1: no; 2: that cannot
// be found out.
import type { Check } from '../../../../app/admin/check.js';
import { divergenceOf, unreadable, type Verified, verifyJob } from '../../../../app/admin/verify-job.js';
import { AgenticoreError, messageOf } from '../../../../domain/errors.js';
import type { CliContext, Desk } from '../../cli-context.js';
import { findJobId } from '../../server/find-job.js';
import { oneLine } from '../../terminal/printable.js';
import { printJson, printTable } from './print-table.js';

interface VerifyFlags {
  readonly job: string;
  readonly json?: boolean | undefined;
}

const DIVERGED = 1;
const UNKNOWN = 2;

export async function verify(cli: CliContext, { job, json }: VerifyFlags): Promise<number> {
  const { terminal } = cli;
  let verified: Verified;
  try {
    verified = await cli.atDesk({ access: 'read' }, (desk) => look(desk, job));
  } catch (error) {
    if (!(error instanceof AgenticoreError)) throw error;
    terminal.say(oneLine(`agenticore: ${messageOf(error)}`));
    return UNKNOWN;
  }
  const divergence = divergenceOf(verified);
  if (json) {
    const { jobId, status, checks } = verified;
    printJson(terminal, {
      job_id: jobId,
      status: status ?? null,
      whole: divergence === undefined,
      divergence: divergence === undefined ? null : sentence(divergence),
      checks,
    });
  } else {
    const cells = (of: (check: Check) => string): readonly string[] =>
      verified.checks.map((check) => oneLine(of(check)));
    const columns = [
      { title: 'CHECK', cells: cells(({ name }) => name), atLeast: 10 },
      { title: 'RESULT', cells: cells(({ result }) => result), atLeast: 7 },
      { title: 'WHAT', cells: cells(({ fact }) => fact), atLeast: 12 },
    ];
    printTable(terminal, columns, '');
    terminal.say(oneLine(summary(verified, divergence)));
  }
  return divergence === undefined ? 0 : DIVERGED;
}

async function look({ bus, hash, readSession, unreadableJobs }: Desk, id: string): Promise<Verified> {
  const damaged = unreadableJobs();
  const lister = {
    list: async (query: { readonly limit: number }) => {
      const { jobs } = await bus.events.list(query);
      return { jobs: [...jobs, ...[...damaged.keys()].map((jobId) => ({ id: jobId }))] };
    },
  };
  const jobId = await findJobId(lister, id);
  const why = damaged.get(jobId);
  return why === undefined ? verifyJob({ bus, hash, readSession }, jobId) : unreadable(jobId, why);
}

const sentence = ({ name, fact }: Check): string => `${name}: ${fact}`;

function summary({ jobId, checks }: Verified, divergence: Check | undefined): string {
  if (divergence !== undefined) return `Job ${jobId} is not what it was: ${sentence(divergence)}.`;
  const open = checks.filter(({ result }) => result === 'unknown').map(({ name }) => name);
  return `Job ${jobId} is whole${open.length === 0 ? '' : `, as far as it is kept (not: ${open.join(', ')})`}.`;
}
