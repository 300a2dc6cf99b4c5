// `agenticore admin export`: jobs as lines on stdout, to be kept, or imported into another bus.
import { exportJobs } from '../../../../app/admin/export-jobs.js';
import { formatExportLine } from '../../../../app/admin/export-line.js';
import type { CliContext } from '../../cli-context.js';
import { findJobId } from '../../server/find-job.js';
import { countOf } from '../../terminal/amounts.js';

interface ExportFlags {
  /** Undefined: all. */
  readonly job: string | undefined;
}

export function exportVerb({ atDesk, terminal }: CliContext, { job }: ExportFlags): Promise<number> {
  return atDesk({ access: 'read' }, async ({ bus }) => {
    const jobIds = job === undefined ? bus.custody.jobIds() : [await findJobId(bus.events, job)];
    for await (const line of exportJobs(bus, jobIds, job !== undefined)) {
      await terminal.pour(formatExportLine(line));
      if (line.line === 'done') terminal.say(`${countOf(line.jobs, 'job')} exported.`);
    }
    return 0;
  });
}
