// The real model when there is a key for it, else the scripted one: no key, no internet, and everything else real.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadScripts } from '../scripted-model/load-scripts.js';
import { startScriptedModel } from '../scripted-model/server.js';
import { say } from './say.js';

/** The scripts lie beside the sources; what runs is compiled. */
const SCRIPTS = join(dirname(fileURLToPath(import.meta.url)), '../../../scripts/quickstart');

/** What the way to the real model may need. */
const MODEL_VARIABLE = /^(ANTHROPIC_\w+|(HTTPS?|ALL|NO)_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR))$/i;

/** `env` leads the server to the model; `stop` stops what was started. */
export async function chooseModel(
  isSample: boolean,
): Promise<{ env: Record<string, string>; stop: () => Promise<void> }> {
  if (process.env.ANTHROPIC_API_KEY) {
    say('Your ANTHROPIC_API_KEY is set: the real model works, which costs some cents.');
    const env = Object.fromEntries(
      Object.entries(process.env).flatMap(([name, value = '']) =>
        MODEL_VARIABLE.test(name) ? [[name, value]] : [],
      ),
    );
    return { env, stop: async () => {} };
  }
  if (isSample)
    say(
      'There is no ANTHROPIC_API_KEY: a scripted model on this machine answers, and',
      'nothing is paid. Claude Code, its tools, git and Agenticore are real.',
    );
  else
    say(
      'There is no ANTHROPIC_API_KEY: a scripted model answers. It cannot do your task;',
      'it leaves a note on a branch of its own, so that you see the way a job takes.',
    );
  const files = [...(isSample ? ['make-the-test-pass.yaml'] : []), 'leave-a-note.yaml'];
  const scripts = files.flatMap((file) => loadScripts(join(SCRIPTS, file)));
  const model = await startScriptedModel({ scripts });
  return {
    env: { ANTHROPIC_API_KEY: 'none-needed', ANTHROPIC_BASE_URL: model.url },
    stop: () => model.close(),
  };
}
