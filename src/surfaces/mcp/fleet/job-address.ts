// Under which addresses clients find what there is of a job.
import type { ResourceLink } from '@modelcontextprotocol/sdk/types.js';
import type { Job } from '../../../domain/job.js';

const PREFIX = 'agenticore://jobs/';

/** What there is of a job; '' is the job itself. */
export const PARTS = ['', 'output', 'transcript', 'diff'] as const;
export type Part = (typeof PARTS)[number];

export const MIME_TYPES: Readonly<Record<Part, string>> = {
  '': 'application/json',
  output: 'text/plain',
  transcript: 'application/x-ndjson',
  diff: 'text/x-diff',
};

/** `id` may be a template's `{id}`. */
export const addressOf = (id: string, part: Part = ''): string => `${PREFIX}${id}${part && `/${part}`}`;

/** Undefined for an address that is none of ours. */
export function readAddress(uri: string): { readonly jobId: string; readonly part: Part } | undefined {
  if (!uri.startsWith(PREFIX)) return undefined;
  const [jobId = '', name = '', ...rest] = uri.slice(PREFIX.length).split('/');
  const part = PARTS.find((known) => known === name);
  return part === undefined || rest.length > 0 ? undefined : { jobId, part };
}

/** Where the client finds the job later. */
export const jobLinks = ({ id }: Pick<Job, 'id'>): ResourceLink[] => [
  {
    type: 'resource_link',
    uri: addressOf(id),
    name: `job ${id}`,
    description: 'The job as it stands; subscribe to hear of changes.',
    mimeType: MIME_TYPES[''],
  },
];
