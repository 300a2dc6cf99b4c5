// Writes each schema of schemas/ as the code that checks values against it, beside the compiled src/runtime that loads it.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openAjv } from '../src/runtime/ajv.js';
import { packagePath } from '../src/runtime/package-root.js';
import { readSchema } from '../src/runtime/schema.js';

const { default: codeOf }: typeof import('ajv/dist/standalone/index.js') = createRequire(import.meta.url)(
  'ajv/dist/standalone/index.js',
);
const folder = fileURLToPath(new URL('../src/runtime/checks/', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const file of readdirSync(packagePath('schemas'))) {
  const name = /^(.*)\.schema\.json$/.exec(file)?.[1];
  if (name === undefined) continue;
  const ajv = openAjv({ source: true });
  writeFileSync(join(folder, `${name}.cjs`), codeOf(ajv, ajv.compile(readSchema(name))));
}
