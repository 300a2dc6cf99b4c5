// How scripts of the scripted model are read from YAML.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { parseAllDocuments } from 'yaml';
import { findProblems } from './check-script.js';
import type { Script } from './script.js';

import schema from './script.schema.json' with { type: 'json' };

const isScript = new Ajv({ allErrors: true, strict: true }).compile<Script>(schema);

/**
 * The scripts of a YAML file, or of every .yaml and .yml file of a directory in the order of their names; a file may
 * hold several documents. Throws Error naming the file and every place in it that is wrong.
 */
export function loadScripts(path: string): readonly Script[] {
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => /\.ya?ml$/.test(name))
        .sort()
        .map((name) => join(path, name))
    : [path];
  const scripts = files.flatMap((file) => parseScripts(readFileSync(file, 'utf8'), file));
  if (scripts.length === 0) throw new Error(`${path}: no scripts found (.yaml or .yml files are looked for)`);
  const twice = scripts.find(({ name }, at) => scripts.findIndex((other) => other.name === name) !== at);
  if (twice) throw new Error(`${path}: two scripts are named ${JSON.stringify(twice.name)}`);
  return scripts;
}

/** The scripts of a YAML text. Throws Error naming `source` and every place that is wrong. */
export function parseScripts(text: string, source: string): readonly Script[] {
  const scripts: Script[] = [];
  for (const document of parseAllDocuments(text)) {
    const [syntaxError] = document.errors;
    if (syntaxError) throw new Error(`${source}: ${syntaxError.message}`);
    const script: unknown = document.toJS();
    if (script === null) continue;
    if (!isScript(script)) throw new Error(`${source}: ${(isScript.errors ?? []).map(describe).join('; ')}`);
    const problems = findProblems(script);
    if (problems.length > 0) throw new Error(`${source}: ${problems.join('; ')}`);
    scripts.push(script);
  }
  return scripts;
}

function describe({ instancePath, message, params }: ErrorObject): string {
  const where = instancePath === '' ? 'the script' : instancePath.slice(1).replaceAll('/', '.');
  const extra = 'additionalProperty' in params ? ` (${params.additionalProperty})` : '';
  const allowed = Array.isArray(params.allowedValues) ? ` (${params.allowedValues.join(', ')})` : '';
  return `${where} ${message}${extra}${allowed}`;
}
