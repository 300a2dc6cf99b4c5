// What a script of the scripted model looks like, and how it is read from YAML. Scripts are plain data, so that a test
// can write one inline; the keys are those of the YAML files (docs/scripted-model.md is their reference).
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { parseAllDocuments } from 'yaml';
import { findProblems } from './check-script.js';

import schema from './script.schema.json' with { type: 'json' };

/** `/regex/flags` is a regular expression; anything else is looked for as it stands. */
export type Pattern = string;

export type ToolCall = { readonly tool: string; readonly input?: Readonly<Record<string, unknown>> };

export type Usage = {
  readonly input_tokens?: number;
  readonly output_tokens?: number;
  readonly cache_creation_input_tokens?: number;
  readonly cache_read_input_tokens?: number;
};

/** A usage limit told in the headers that Claude Code understands for subscriptions. */
export type RateLimit = {
  readonly status: 'allowed' | 'rejected';
  readonly claim?: string; // five_hour, seven_day, ...
  readonly resets_in: number; // seconds from now
};

type Counted = {
  /** How often the fault happens before the step goes on with its normal content. Absent: always. */
  readonly times?: number;
  /** What the times are counted for: each conversation (default), or the life of the server. */
  readonly per?: 'conversation' | 'server';
};

export type StatusFault = Counted & {
  readonly status: number;
  readonly error_type?: string;
  readonly message?: string;
  readonly retry_after?: number; // seconds
  readonly rate_limit?: RateLimit;
  readonly headers?: Readonly<Record<string, string>>;
};

export type CutPlace = 'before_block' | 'mid_block' | 'after_block';

export type StreamFault = Counted & {
  readonly kind:
    | 'hang_before_headers'
    | 'silence'
    | 'ping_forever'
    | 'cut'
    | 'garbage'
    | 'html200'
    | 'empty'
    | 'error_event';
  readonly at?: CutPlace; // of `cut` only; mid_block when absent
};

export type Fault = StatusFault | StreamFault;

/** One answer of the model: thinking, then text, then tool calls, in that order. */
export type Reply = {
  readonly think?: string;
  readonly say?: string;
  readonly call?: readonly ToolCall[];
  readonly fault?: Fault;
  readonly stop_reason?: string;
  readonly model?: string;
  readonly usage?: Usage;
  readonly rate_limit?: RateLimit;
  readonly pace?: number; // ms between two chunks
};

export type Alternative = Reply & { readonly when?: { readonly tool_result: Pattern } };

/** One model call of the conversation: a reply, or alternatives of which the first that fits is taken. */
export type Step = Reply & { readonly either?: readonly Alternative[] };

export type Script = {
  readonly name: string;
  readonly match?: Pattern; // absent: every prompt that no other script matches
  readonly pace?: number;
  readonly model?: string;
  readonly usage?: Usage;
  readonly steps: readonly Step[];
};

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
