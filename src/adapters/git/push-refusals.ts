// Why a host refused a push, from its own words, and what would make it take the next one. Data: one row per reason,
// the first that matches names it.

export interface Refusal {
  /** In what the host printed, or in git's verdict. */
  readonly words: RegExp;
  readonly sentence: string;
}

export const REFUSALS: readonly Refusal[] = [
  {
    words: /without `?workflows?`? (permission|scope)/i,
    sentence:
      'The credentials may not change workflow files: give the GitHub App "Workflows: read and write", or the token the scope `workflow`',
  },
  {
    words: /GH009|push protection|GITHUB PUSH PROTECTION|secrets? detected/i,
    sentence:
      'The host found a secret in the commits: take it out, or allow it under the address that it names',
  },
  {
    words: /GH013|repository rule violations/i,
    sentence:
      'A rule set of the repository forbids this push: let whoever pushes bypass it, or leave branches `agenticore-*` out of it (Settings, Rules)',
  },
  {
    words: /GH006|protected branch/i,
    sentence:
      'A branch protection covers this branch: leave `agenticore-*` out of its pattern, or allow whoever pushes (Settings, Branches)',
  },
  {
    words: /GH001|exceeds GitHub's file size limit|large files detected/i,
    sentence: 'A file is too large for the host: it belongs into Git LFS, or not into the repository',
  },
  {
    words: /GH008|unknown Git LFS object/i,
    sentence: 'The commits name Git LFS objects that were not uploaded; LFS is not pushed from here',
  },
  {
    words: /GH007|publish a private email/i,
    sentence:
      'The author of the commits has a private address: allow it, or let them be signed with another (Settings, Emails)',
  },
  {
    words: /archived/i,
    sentence: 'The repository is archived and takes no pushes: unarchive it, or submit no jobs for it',
  },
  {
    words: /over (its|the) data quota|repository (size|quota)|exceeded .*quota/i,
    sentence: 'The repository is full',
  },
];

/** The reason as a sentence without its full stop; undefined for one that is not known. */
export const refusalIn = (said: string): string | undefined =>
  REFUSALS.find(({ words }) => words.test(said))?.sentence;
