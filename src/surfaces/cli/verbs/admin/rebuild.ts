// `agenticore admin rebuild`: does everything that was derived agree with the ledgers? What does not is mended.
import { type Rebuilt, rebuildJobs } from '../../../../app/admin/rebuild-jobs.js';
import type { CliContext } from '../../cli-context.js';
import { countOf } from '../../terminal/amounts.js';
import { oneLine } from '../../terminal/printable.js';
import { printJson, printTable } from './print-table.js';

interface RebuildFlags {
  readonly 'dry-run'?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Exit code 1 when something differs that is not mended now. */
export function rebuild({ atDesk, terminal }: CliContext, flags: RebuildFlags): Promise<number> {
  const dry = flags['dry-run'] === true;
  // On a file bus there is nothing to mend but what a start mends, so that it need not be written to.
  return atDesk({ access: 'read' }, async ({ bus, hash, unreadableJobs }) => {
    const differed = [...unreadableJobs()].map(unmendable);
    let looked = differed.length;
    for await (const rebuilt of rebuildJobs(bus, hash, !dry, () => (looked += 1))) differed.push(rebuilt);
    const broken = differed.filter(({ canBeMended }) => !canBeMended).length;
    if (flags.json) {
      const jobs = differed.map(({ jobId, what, canBeMended }) => ({
        job_id: jobId,
        differed: what,
        mended: canBeMended && !dry,
      }));
      printJson(terminal, { jobs: looked, differed: jobs });
    } else {
      const cells = (of: (rebuilt: Rebuilt) => string): string[] => differed.map((one) => oneLine(of(one)));
      const columns = [
        { title: 'JOB', cells: cells(({ jobId }) => jobId), atLeast: 36 },
        { title: 'DIFFERED', cells: cells(({ what }) => what.join(', ')), atLeast: 12 },
      ];
      if (differed.length > 0) printTable(terminal, columns, '');
      terminal.say(summary(looked, differed.length, broken, dry));
    }
    return broken > 0 || (dry && differed.length > 0) ? 1 : 0;
  });
}

/** A job that a file bus left out when it was opened. */
const unmendable = ([jobId, why]: readonly [string, string]): Rebuilt => ({
  jobId,
  what: [why.replace(/\.$/, '')],
  canBeMended: false,
});

function summary(looked: number, differed: number, broken: number, dry: boolean): string {
  const mended = differed - broken;
  return [
    `${countOf(looked, 'job')} looked at`,
    differed === 0 ? 'all agree with their ledgers' : '',
    mended > 0 ? `${mended} ${dry ? 'would be' : 'were'} mended` : '',
    broken > 0 ? `${broken} cannot be mended: the ledger itself is broken` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}
