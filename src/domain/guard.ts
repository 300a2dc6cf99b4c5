// What may be pushed: facts of the work and the profile's policy give findings. One finding stops the push.
import type { GuardPolicy } from './profile.js';

/** Something that a commit of the work puts at a path, or takes away from it. */
export interface WorkChange {
  readonly commit: string;
  /** Bytes that are no UTF-8 are U+FFFD. */
  readonly path: string;
  /** The object that stands there now; undefined where there is none any more. */
  readonly oid: string | undefined;
}

/** What a push would give to the remote that it does not have yet. */
export interface WorkFacts {
  /** The commits themselves: object id -> bytes. */
  readonly commits: ReadonlyMap<string, number>;
  /** The contents that are new, wherever they stand: object id -> bytes. */
  readonly blobs: ReadonlyMap<string, number>;
  /** What each of the commits changes; a merge changes what it has from none of its parents. */
  readonly changes: readonly WorkChange[];
  /** What differs between base and result, also when a merge brought it. */
  readonly difference: readonly WorkChange[];
  /** There are more changes than can be looked at. */
  readonly isCut: boolean;
}

/** The keys of a profile's `guard`, and one that no profile can switch off. */
export type GuardRule =
  | 'secrets'
  | 'own_secrets'
  | 'allow_workflows'
  | 'deny_paths'
  | 'max_files'
  | 'max_file_bytes'
  | 'max_total_bytes';

/** Why the work may not be pushed, and where it is; never the secret itself. */
export interface Finding {
  readonly rule: GuardRule;
  readonly what: string;
  /** Absent: it is not about one file, or stands in the text of a commit. */
  readonly path?: string;
  readonly line?: number;
  readonly commit?: string;
}

/**
 * So many secrets in one content are compared with the base; where there are more, the work is not pushed whatever they
 * are, and the rest need not be found.
 */
export const MANY_SECRETS = 200;

/** Makes a test for paths out of globs. */
export type MatchPaths = (globs: readonly string[]) => (path: string) => boolean;

/** What code hosts and their builders run as soon as it is pushed. */
export const WORKFLOW_PATHS: readonly string[] = [
  '/.github/workflows',
  '/.github/actions',
  '/.gitea/workflows',
  '/.forgejo/workflows',
  '.gitlab-ci.{yml,yaml}',
  '/.gitlab/ci',
  '/.circleci',
  '/.buildkite',
  '/.semaphore',
  '/.tekton',
  '/.teamcity',
  '/.woodpecker',
  '.woodpecker.{yml,yaml}',
  '.drone.{yml,yaml}',
  '.travis.yml',
  '.cirrus.{yml,star}',
  '{,.}appveyor.yml',
  '/.azure-pipelines',
  '{,.}azure-pipelines*.{yml,yaml}',
  'bitbucket-pipelines.yml',
  'buildspec*.{yml,yaml}',
  'cloudbuild.{yml,yaml,json}',
  'Jenkinsfile*',
];

/** Judges everything but the contents. */
export function judgeWork(facts: WorkFacts, policy: GuardPolicy, matchPaths: MatchPaths): readonly Finding[] {
  return [
    ...judgePaths(facts, policy, matchPaths),
    ...judgeCount(facts, policy),
    ...judgeSizes(facts, policy),
  ];
}

function* judgePaths(
  { changes, difference }: WorkFacts,
  policy: GuardPolicy,
  matchPaths: MatchPaths,
): Generator<Finding> {
  const isDenied = matchPaths(policy.denyPaths);
  const isWorkflow = matchPaths(WORKFLOW_PATHS);
  for (const { path, commit } of new Map(
    [...difference, ...changes].map((change) => [change.path, change]),
  ).values()) {
    if (isDenied(path)) yield { rule: 'deny_paths', what: 'a path that the profile denies', path, commit };
    if (!policy.allowWorkflows && isWorkflow(path))
      yield { rule: 'allow_workflows', what: 'a change to what the code host runs', path, commit };
  }
}

function* judgeCount({ changes, isCut }: WorkFacts, { maxFiles }: GuardPolicy): Generator<Finding> {
  const { size } = new Set(changes.map(({ path }) => path));
  if (isCut) yield { rule: 'max_files', what: 'more changes than can be looked at' };
  else if (size > maxFiles) yield { rule: 'max_files', what: `${size} changed files, more than ${maxFiles}` };
}

function* judgeSizes(facts: WorkFacts, { maxFileBytes, maxTotalBytes }: GuardPolicy): Generator<Finding> {
  const objects = [...facts.commits, ...facts.blobs];
  for (const [oid, bytes] of objects) {
    if (bytes > maxFileBytes)
      yield {
        rule: 'max_file_bytes',
        what: `${bytes} bytes, more than ${maxFileBytes}`,
        ...placeOf(facts, oid),
      };
  }
  const total = objects.reduce((sum, [, bytes]) => sum + bytes, 0);
  if (total > maxTotalBytes)
    yield { rule: 'max_total_bytes', what: `${total} bytes together, more than ${maxTotalBytes}` };
}

function placeOf({ changes }: WorkFacts, oid: string): Pick<Finding, 'path' | 'commit'> {
  const { path, commit } = changes.find((change) => change.oid === oid) ?? {};
  return { ...(path === undefined ? {} : { path }), commit: commit ?? oid };
}

/** The objects to look through for secrets. What is left out is a finding already, by its own size or by the sum. */
export function scannable({ commits, blobs }: WorkFacts, policy: GuardPolicy): readonly string[] {
  let room = policy.maxTotalBytes;
  const chosen: string[] = [];
  for (const [oid, bytes] of [...commits, ...blobs]) {
    if (bytes > policy.maxFileBytes) continue;
    room -= bytes;
    if (room < 0) break;
    chosen.push(oid);
  }
  return chosen;
}

/** The text without these secrets. */
export const withoutTexts = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), text);

/** `src/a.ts:12 in commit 0123456789`. */
export function placeInWords({ path, line, commit }: Finding): string {
  const file = path === undefined ? undefined : `${path}${line === undefined ? '' : `:${line}`}`;
  const where = commit === undefined ? undefined : `commit ${commit.slice(0, 10)}`;
  return [file, where].filter((part) => part !== undefined).join(' in ');
}

const NAMED = 3;

/** What the job's error says: what was found where, that nothing is lost, and how a person goes on. */
export function blockedInWords(findings: readonly Finding[], total: number, oid: string): string {
  const named = findings.slice(0, NAMED).map((finding) => {
    const place = placeInWords(finding);
    return `${finding.what}${place === '' ? '' : ` at ${place}`} (guard: ${finding.rule})`;
  });
  const more = total > named.length ? `; and ${total - named.length} more` : '';
  return [
    `The work was not pushed, its profile's guard found ${named.join('; ')}${more}.`,
    `The commit ${oid.slice(0, 10)} is kept in the repository cache, GET /jobs/{id}/diff shows it.`,
    'To go on, retry the job with an edited task, or under a profile whose guard allows this: that starts anew.',
  ].join(' ');
}
