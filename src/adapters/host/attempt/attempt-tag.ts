// The mark that every process of an attempt carries in its environment, inherited from claude: which attempt it
// belongs to, and which worker process answers for it.
import { findProcess, type ProcessIdentity } from '../process-table.js';

/** Name of the environment variable. */
export const TAG_VARIABLE = 'AGENTICORE_ATTEMPT';

/** `<pid>.<start>`: what follows the `@` of a tag. */
export const formatOwner = (owner: ProcessIdentity): string => `${owner.pid}.${owner.start}`;

/** `<attempt>@<owner>`: the value of the variable. */
export const formatTag = (attempt: string, owner: ProcessIdentity): string =>
  `${attempt}@${formatOwner(owner)}`;

/** The worker that a tag names; undefined when the text is no tag of ours. */
export function readOwner(tag: string): ProcessIdentity | undefined {
  const match = /@(\d+)\.(\d+)$/.exec(tag);
  return match === null ? undefined : { pid: Number(match[1]), start: Number(match[2]) };
}

/** The tag of something that this very process answers for. */
export function tagAsOurs(name: string): string {
  const owner: ProcessIdentity = findProcess(process.pid) ?? { pid: process.pid, start: 0 };
  return formatTag(name, owner);
}
