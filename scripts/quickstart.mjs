// npm run quickstart [-- --repo <url> --task "..."]: the main job, from nothing, on the embedded file bus.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import util from 'node:util';
import { checkNode, prepare, root } from './prepare.mjs';

const USAGE = `Usage: npm run quickstart [-- --repo <folder or URL> --task "what to do"]

Without --repo a small sample repository is made, and thrown away in the end.
With ANTHROPIC_API_KEY the real model works, without it a scripted one.`;

checkNode();
const wishes = readWishes();
prepare();
const { quickstart } = await import(pathToFileURL(join(root, 'dist/scripts/quickstart/main.js')).href);
process.exitCode = await quickstart(wishes);

/** Before anything is installed: a slip of the pen should not cost a minute. */
function readWishes() {
  try {
    const options = {
      repo: { type: 'string' },
      task: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    };
    const { values } = util.parseArgs({ options });
    if (!values.help) return values;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`agenticore: ${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}
