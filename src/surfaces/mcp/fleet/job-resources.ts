// Jobs as resources: what a client reads, lists and follows by address.
import { diffOfJob, getJob, listJobs } from '../../../app/inspect-jobs.js';
import { readTranscript } from '../../../app/read-transcript.js';
import { AgenticoreError, ERRORS } from '../../../domain/errors.js';
import { asJobId } from '../../http/limits.js';
import { jobAnswer } from '../../rest/job-answers.js';
import type { McpDeps } from '../mcp-deps.js';
import type { Resources } from '../shelf.js';
import { addressOf, MIME_TYPES, PARTS, type Part, readAddress } from './job-address.js';

const PAGE = 50;
/** As much of a transcript as one answer holds. */
const MOST_CHARACTERS = 8 * 1024 * 1024;
const MOST_TITLE = 80;

const SAYS: Readonly<Record<Part, readonly [title: string, description: string]>> = {
  '': ['Job', 'A job as it stands, with its final answer once it has ended.'],
  output: ['Final answer of a job', "Claude's final answer as text."],
  transcript: ['Transcript of a job', 'What claude has said up to now: one stream-json message a line.'],
  diff: ['Change of a job', 'Unified diff from the base of the job to its commit.'],
};

/** The resources of a fleet. */
export function jobResources(deps: McpDeps): Resources {
  const { bus } = deps;

  async function textOf(jobId: string, part: Part): Promise<string> {
    const found = await getJob(bus.events, jobId);
    switch (part) {
      case '':
        return JSON.stringify(jobAnswer(found).job);
      case 'output':
        if (found.answer === undefined) throw new AgenticoreError('OUTPUT_NOT_FOUND');
        return found.answer;
      case 'transcript':
        return transcriptText(deps, jobId);
      case 'diff':
        return diffOfJob({ ...deps, events: bus.events }, jobId);
      default:
        return part satisfies never;
    }
  }

  return {
    templates: PARTS.map((part) => {
      const [title, description] = SAYS[part];
      return {
        uriTemplate: addressOf('{id}', part),
        ...{ name: part === '' ? 'job' : `job_${part}`, title, description, mimeType: MIME_TYPES[part] },
      };
    }),
    async list(cursor) {
      const query = { limit: PAGE, ...(cursor === undefined ? {} : { before: cursor }) };
      const { jobs, next } = await listJobs(bus.events, query);
      const resources = jobs.map(({ id, status, order }) => ({
        ...{ uri: addressOf(id), name: `job ${id}`, mimeType: MIME_TYPES[''] },
        title: order.task
          .replaceAll(/\s+/g, ' ')
          .trim()
          .slice(0, MOST_TITLE)
          .replace(/\p{Surrogate}$/u, ''),
        description: `${status}, profile ${order.profile}${order.repoUrl === undefined ? '' : `, ${order.repoUrl}`}`,
      }));
      return { resources, next };
    },
    async read(uri) {
      const address = readAddress(uri);
      if (address === undefined) return undefined;
      try {
        const text = await textOf(asJobId(address.jobId), address.part);
        return { contents: [{ uri, mimeType: MIME_TYPES[address.part], text }] };
      } catch (error) {
        if (error instanceof AgenticoreError && ERRORS[error.code].status === 404) return undefined;
        throw error;
      }
    },
    watch(uri, ring) {
      const address = readAddress(uri);
      return address && bus.feed.watch({ kind: 'job', jobId: address.jobId }, ring);
    },
  };
}

/** A transcript that is longer than an answer may be says at its end where all of it is. */
async function transcriptText({ bus }: McpDeps, jobId: string): Promise<string> {
  const lines: string[] = [];
  let length = 0;
  for await (const line of readTranscript(bus, jobId)) {
    length += line.length;
    if (length > MOST_CHARACTERS) {
      lines.push(JSON.stringify({ type: 'truncated', href: `/jobs/${jobId}/output?format=jsonl` }));
      break;
    }
    lines.push(line);
  }
  return lines.map((line) => `${line}\n`).join('');
}
