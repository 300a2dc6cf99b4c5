// Writes the documents that are made from code, so that they cannot be wrong: node dist/scripts/docs.js [--check].
import { readFile, writeFile } from 'node:fs/promises';
import { packageVersion } from '../src/roles/package-version.js';
import { packagePath } from '../src/runtime/package-root.js';
import { readSchema } from '../src/runtime/schema.js';
import { cliReference } from '../src/surfaces/cli/reference.js';
import { describeApi } from '../src/surfaces/openapi/describe-api.js';
import { configurationPage } from './docs/configuration-page.js';
import { errorsPage } from './docs/errors-page.js';
import { metricsPage } from './docs/metrics-page.js';
import { outcomesJson, retriesPage } from './docs/outcomes.js';
import { profilesPage } from './docs/profiles-page.js';

const pages: Readonly<Record<string, string>> = {
  'docs/cli.md': await cliReference(),
  'docs/configuration.md': configurationPage(),
  'docs/errors.md': errorsPage(),
  'docs/metrics.md': metricsPage(),
  'docs/profiles.md': profilesPage(),
  'docs/retries.md': retriesPage(),
  'docs/openapi.json': `${JSON.stringify(describeApi(packageVersion, readSchema), null, 2)}\n`,
  'schemas/outcomes.json': outcomesJson(),
};

const stale: string[] = [];
for (const [path, text] of Object.entries(pages)) {
  const file = packagePath(path);
  if (text !== (await readFile(file, 'utf8').catch(() => ''))) stale.push(path);
  if (!process.argv.includes('--check')) await writeFile(file, text);
}
if (process.argv.includes('--check')) {
  if (stale.length > 0) {
    console.error(`Not up to date: ${stale.join(', ')}. Run npm run docs.`);
    process.exitCode = 1;
  }
} else console.log(stale.length === 0 ? 'Everything was up to date.' : `Wrote ${stale.join(', ')}.`);
