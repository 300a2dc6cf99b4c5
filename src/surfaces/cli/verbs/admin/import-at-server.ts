// An import through the server that has the file bus: job by job, so that no request grows with the export.
import { formatExportLine, parseExportLine } from '../../../../app/admin/export-line.js';
import { behindTheEnd, type ImportReport } from '../../../../app/admin/import-jobs.js';
import type { HttpClient } from '../../server/http-client.js';
import { sendExport } from '../../server/keeper-api.js';

/** Sends each job of the export, and adds up what became of them. Throws the server's refusals. */
export async function importAtServer(
  http: HttpClient,
  lines: AsyncIterable<string>,
  open: boolean,
): Promise<ImportReport> {
  const reader = lines[Symbol.asyncIterator]();
  const take = async (): Promise<string | undefined> => {
    const { done, value } = await reader.next();
    return done === true ? undefined : value;
  };
  const header = await take();
  let sum: ImportReport = { imported: 0, same: 0, refused: [] };
  for (let jobs = 0; ; jobs += 1) {
    const line = await take();
    const isJob = line?.startsWith('{"line":"job"') === true;
    if (jobs > 0 && !isJob) {
      const told = parseExportLine(line ?? '');
      const isWhole = told?.line === 'done' && told.jobs === jobs;
      return isWhole
        ? { ...sum, ...(await behindTheEnd(reader)) }
        : { ...sum, torn: `The export is torn after ${jobs} jobs.` };
    }
    const report = await sendExport(http, isJob ? oneJob(header, line, take) : rest(header, line), open);
    sum = added(sum, report);
    if (report.torn !== undefined || !isJob) return sum;
  }
}

/** The lines of one job as an export of its own. */
async function* oneJob(
  header: string | undefined,
  first: string,
  take: () => Promise<string | undefined>,
): AsyncGenerator<string> {
  yield header ?? '';
  for (let line: string | undefined = first; line !== undefined; line = await take()) {
    yield line;
    if (line.startsWith('{"line":"end"')) {
      yield formatExportLine({ line: 'done', jobs: 1 });
      return;
    }
  }
}

/** An export without jobs, or no export at all: the server says which. */
async function* rest(header: string | undefined, line: string | undefined): AsyncGenerator<string> {
  if (header !== undefined) yield header;
  if (line !== undefined) yield line;
}

const added = (a: ImportReport, b: ImportReport): ImportReport => ({
  imported: a.imported + b.imported,
  same: a.same + b.same,
  refused: [...a.refused, ...b.refused],
  ...(b.torn === undefined ? {} : { torn: b.torn }),
});
