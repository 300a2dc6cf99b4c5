// Runs one git command that talks to a remote, with what its host wants to see of us: found when git asks for it, and
// found anew, once, when the host did not accept it.
import type { Credential, Credentials } from '../../ports/credentials.js';
import type { GitCall, GitResult, RunGit } from './run-git.js';

/** Like `git(call)`. Throws what `credentials` throws, instead of git's words about a password that it did not get. */
export async function showCredential(
  git: RunGit,
  credentials: Credentials | undefined,
  url: string,
  call: GitCall,
): Promise<GitResult> {
  if (credentials === undefined || !/^https?:/i.test(url)) return git(call);
  for (let tries = 1; ; tries += 1) {
    let failure: unknown;
    let refused: Credential | undefined;
    const answerer = {
      answer: () =>
        credentials.forRepository(url, call.signal).catch((error: unknown) => {
          failure = error;
          return undefined;
        }),
      refused: (credential: Credential) => {
        refused = credential;
      },
    };
    const result = await git({ ...call, identity: { url, answerer } });
    if (failure !== undefined) throw failure;
    const hasAnother = refused !== undefined && credentials.refused(url, refused);
    if (!hasAnother || tries > 1) return result;
  }
}
