// `agenticore profiles`: which profiles the server has, broken ones with what is wrong with them.
import { AgenticoreError } from '../../../domain/errors.js';
import type { AddressFlags, CliContext } from '../cli-context.js';
import { createJobsApi } from '../server/jobs-api.js';
import { type JsonObject, textAt } from '../server/json-fields.js';
import { oneLine } from '../terminal/printable.js';
import { tableLines } from '../terminal/table.js';

interface ProfilesFlags extends AddressFlags {
  readonly json?: boolean | undefined;
}

export async function profiles(cli: CliContext, flags: ProfilesFlags): Promise<number> {
  const { terminal } = cli;
  const found = await createJobsApi(await cli.address(flags)).profiles();
  if (flags.json) {
    terminal.print(JSON.stringify(found, null, 2));
    return 0;
  }
  const cells = (of: (profile: JsonObject) => string | undefined): readonly string[] =>
    found.map((profile) => oneLine(of(profile) ?? ''));
  const names = cells((profile) => textAt(profile, 'name'));
  const models = cells((profile) => textAt(profile, 'model'));
  const descriptions = cells((profile) => {
    const error = textAt(profile, 'error');
    return error === undefined ? textAt(profile, 'description') : `BROKEN: ${error}`;
  });
  if (!terminal.live) {
    for (const [index, name] of names.entries())
      terminal.print([name, models[index], descriptions[index]].join('\t'));
    return 0;
  }
  const table = [
    { title: 'NAME', cells: names, atLeast: 20 },
    { title: 'MODEL', cells: models, atLeast: 5, mayGo: 1 },
    { title: 'DESCRIPTION', cells: descriptions, atLeast: 12 },
  ];
  for (const line of tableLines(table, terminal.columns(), terminal.colours)) terminal.print(line);
  return 0;
}

/** Throws UNKNOWN_PROFILE naming the known ones. Exit code 1 when the profile is broken. */
export async function showProfile(
  cli: CliContext,
  flags: ProfilesFlags & { readonly name: string },
): Promise<number> {
  const { terminal } = cli;
  const all = await createJobsApi(await cli.address(flags)).profiles();
  const profile = all.find((candidate) => textAt(candidate, 'name') === flags.name);
  if (profile === undefined) {
    const known = all.map((candidate) => textAt(candidate, 'name')).join(', ');
    throw new AgenticoreError(
      'UNKNOWN_PROFILE',
      `There is no profile "${flags.name}"; the server has: ${known || 'none'}.`,
    );
  }
  if (flags.json) terminal.print(JSON.stringify(profile, null, 2));
  else {
    for (const [key, value] of Object.entries(profile)) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (text !== '') terminal.print(`${terminal.colours.dim(oneLine(key).padEnd(16))} ${oneLine(text)}`);
    }
  }
  return profile.error === undefined ? 0 : 1;
}
