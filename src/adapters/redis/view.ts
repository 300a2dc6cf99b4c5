// What scripts know of a job, as views.lua writes it: for those who look without a script.

/** Every member is as the scripts wrote it; undefined where there is none. */
export interface View {
  readonly status?: string | undefined;
  readonly attempt?: string | undefined;
  readonly cursor?: string | undefined;
  /** The lane entry of the job. */
  readonly entry?: string | undefined;
  readonly lane?: string | undefined;
  readonly repo?: string | undefined;
  readonly heldSince?: string | undefined;
  readonly heldMs?: string | undefined;
  readonly trimmed?: string | undefined;
}

const VIEW = /^(\S+) (\S+) (\S+) (\S+)(.*?) lane=(.*)$/s;

/** The view of a job; empty when it has none. */
export function parseView(text: string | null | undefined): View {
  const [, status, attempt, cursor, entry, extras = '', lane] = VIEW.exec(text ?? '') ?? [];
  if (status === undefined) return {};
  const named = [...extras.matchAll(/ (\w+)=(\S+)/g)].map(([, name, value]) => [name, value]);
  const first = { status, attempt, cursor, entry: entry === '-' ? undefined : entry, lane };
  return { ...first, ...Object.fromEntries(named) };
}
