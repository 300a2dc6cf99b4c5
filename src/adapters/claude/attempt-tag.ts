// The mark that every process of an attempt carries in its environment, inherited from claude: which attempt it
// belongs to, and which worker process answers for it.

/** Name of the environment variable. */
export const TAG_VARIABLE = 'AGENTICORE_ATTEMPT';

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the clock of the system's process table. */
  readonly start: number;
}

/** `<pid>.<start>`: what follows the `@` of a tag. */
export const formatOwner = (owner: ProcessIdentity): string => `${owner.pid}.${owner.start}`;

export const formatTag = (attempt: string, owner: ProcessIdentity): string =>
  `${attempt}@${formatOwner(owner)}`;

/** The worker that a tag names; undefined when the text is no tag of ours. */
export function readOwner(tag: string): ProcessIdentity | undefined {
  const match = /@(\d+)\.(\d+)$/.exec(tag);
  return match === null ? undefined : { pid: Number(match[1]), start: Number(match[2]) };
}
