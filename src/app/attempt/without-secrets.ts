// What is said of the work outside - in a commit's message, in a pull request - holds no secret that the guard would stop
// in a file: nobody would find it there.
import { withoutTexts } from '../../domain/guard.js';
import type { GuardPolicy } from '../../domain/profile.js';
import type { AttemptDeps } from './attempt.js';

export async function withoutSecrets(
  { secretScanner, redact }: Pick<AttemptDeps, 'secretScanner' | 'redact'>,
  { secrets }: GuardPolicy,
  text: string,
  signal: AbortSignal,
): Promise<string> {
  const found = await secretScanner.scan(Buffer.from(text), !secrets, signal);
  return redact(
    withoutTexts(
      text,
      found.map((secret) => secret.text),
    ),
  );
}
