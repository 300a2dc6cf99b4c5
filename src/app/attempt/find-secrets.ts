// Looks for secrets in all that a push would give away: new contents, the texts of commits, the names of files. What
// stands in the base already is no news, whoever moved it.
import { type Finding, MANY_SECRETS, scannable } from '../../domain/guard.js';
import type { GuardPolicy } from '../../domain/profile.js';
import type { FoundSecret } from '../../ports/secret-scanner.js';
import type { Work } from '../../ports/work.js';
import type { AttemptDeps } from './attempt.js';

/** One is enough to stop the push; behind so many nothing more is looked through. */
const ENOUGH = 100;

type Place = Pick<Finding, 'path' | 'commit'>;

export interface Secrets {
  readonly findings: readonly Finding[];
  /** The secrets themselves: what no sentence about the work may say. */
  readonly texts: readonly string[];
}

export async function findSecrets(
  { secretScanner, matchPaths }: Pick<AttemptDeps, 'secretScanner' | 'matchPaths'>,
  work: Work,
  policy: GuardPolicy,
  signal: AbortSignal,
): Promise<Secrets> {
  const findings: Finding[] = [];
  const texts: string[] = [];
  const scan = async (bytes: Uint8Array, ownOnly: boolean, placeOf: (found: FoundSecret) => Place) => {
    const found = await secretScanner.scan(bytes, ownOnly, signal);
    if (found.length === 0) return;
    const asked = found.slice(0, MANY_SECRETS).map(({ text }) => text);
    const known = await work.inBase(asked, signal);
    for (const secret of found.filter(({ text }) => !known.has(text))) {
      findings.push(findingOf(secret, placeOf(secret)));
      texts.push(secret.text);
    }
  };

  const names = [...new Set([...work.changes, ...work.difference].map(({ path }) => path))];
  await scan(Buffer.from(names.join('\n')), !policy.secrets, ({ text }) => {
    const path = names.find((name) => name.includes(text));
    return path === undefined ? {} : { path };
  });

  const places = placesByContent(work);
  const isAllowed = matchPaths(policy.allowSecretsIn);
  for await (const { oid, bytes } of work.read(scannable(work, policy), signal)) {
    if (findings.length >= ENOUGH) break;
    const all = places.get(oid) ?? [{ commit: oid }];
    const guarded = all.find(({ path }) => path === undefined || !isAllowed(path));
    const place = guarded ?? all[0] ?? {};
    await scan(bytes, !policy.secrets || guarded === undefined, () => place);
  }
  return { findings, texts };
}

function findingOf({ isOwn, what, line }: FoundSecret, { path, commit }: Place): Finding {
  return {
    rule: isOwn ? 'own_secrets' : 'secrets',
    what,
    ...(path === undefined ? {} : { path }),
    // Lines of a commit's text, or of a list of names, are nobody's.
    ...(line === undefined || path === undefined || commit === undefined ? {} : { line }),
    ...(commit === undefined ? {} : { commit }),
  };
}

/** The same content may stand at several paths. */
function placesByContent({ changes }: Work): ReadonlyMap<string, readonly Place[]> {
  const places = new Map<string, Place[]>();
  for (const { oid, path, commit } of changes) {
    if (oid === undefined) continue;
    const known = places.get(oid);
    if (known === undefined) places.set(oid, [{ path, commit }]);
    else known.push({ path, commit });
  }
  return places;
}
