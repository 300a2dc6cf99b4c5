// GitHub's own description of its REST API (tests/fixtures/github-api, made by scripts/github-api.ts) as a judge of
// what is asked and what is answered.
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { packagePath } from '../../../src/runtime/package-root.js';

export interface Operation {
  /** `POST /repos/{owner}/{repo}/pulls`. */
  readonly name: string;
  /** The values of the path's parameters. */
  readonly parameters: Readonly<Record<string, string>>;
}

type Node = { readonly [key: string]: unknown };

interface Description {
  readonly operations: Readonly<Record<string, Node>>;
  readonly $defs: Readonly<Record<string, Node>>;
}

const file = packagePath('tests', 'fixtures', 'github-api', 'openapi.json');
const description: Description = JSON.parse(readFileSync(file, 'utf8'));
/** Not everything in `$defs` is a schema: parameters and responses are there too. */
const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, validateSchema: false });
const validators = new Map<unknown, ValidateFunction>();

/** The operation at this method and path; undefined when the description, or our cut of it, has none. */
export function findOperation(method: string, path: string): Operation | undefined {
  for (const name of Object.keys(description.operations)) {
    const [itsMethod, template = ''] = name.split(' ');
    const pattern = new RegExp(`^${template.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
    const match = itsMethod === method ? pattern.exec(path) : null;
    if (match !== null) return { name, parameters: { ...match.groups } };
  }
  return undefined;
}

/** What is wrong with a request: parameters that are not described or not as described, a body that does not fit. */
export function faultsOfRequest(
  operation: Operation,
  query: URLSearchParams,
  body: unknown,
): readonly string[] {
  const { parameters, requestBody } = description.operations[operation.name] ?? {};
  const described = ((parameters ?? []) as readonly Node[]).map(resolve);
  const isDescribed = (key: string): boolean =>
    described.some((parameter) => parameter.in === 'query' && parameter.name === key);
  const unknown = [...query.keys()].filter((key) => !isDescribed(key));
  return [
    ...unknown.map((key) => `query ${key} is not described`),
    ...described.flatMap((parameter) => faultsOfParameter(parameter, operation, query)),
    ...faultsOfBody(requestBody, body),
  ];
}

function faultsOfParameter(parameter: Node, operation: Operation, query: URLSearchParams): readonly string[] {
  const name = String(parameter.name);
  const text = parameter.in === 'path' ? operation.parameters[name] : (query.get(name) ?? undefined);
  const what = `${parameter.in} ${name}`;
  if (text === undefined) return parameter.required === true ? [`${what} is missing`] : [];
  const schema = resolve(parameter.schema);
  return check(schema, schema.type === 'integer' ? Number(text) : text, what);
}

function faultsOfBody(requestBody: unknown, body: unknown): readonly string[] {
  if (requestBody === undefined) return body === undefined ? [] : ['a body is not described'];
  if (body === undefined) return resolve(requestBody).required === true ? ['the body is missing'] : [];
  const schema = jsonSchemaOf(requestBody) ?? {};
  // Described are objects that may hold anything besides; what is not described has no effect.
  const known = Object.keys(schema.properties ?? {});
  const unknown = known.length === 0 ? [] : Object.keys(body as Node).filter((key) => !known.includes(key));
  return [...unknown.map((key) => `body ${key} is not described`), ...check(schema, body, 'body')];
}

/** What is wrong with an answer. Only a refusal may have a status that is not described. */
export function faultsOfAnswer({ name }: Operation, status: number, body: unknown): readonly string[] {
  const response = responseOf(name, status);
  if (response === undefined) return status < 400 ? [`status ${status} is not described`] : [];
  const schema = jsonSchemaOf(response);
  return schema === undefined ? [] : check(schema, body, 'answer');
}

/** `known`, and all that an answer of this status must have besides: empty, because nobody asks for it. */
export function completeAnswer({ name }: Operation, status: number, known: unknown): unknown {
  const response = responseOf(name, status);
  return response === undefined ? known : complete(jsonSchemaOf(response) ?? {}, known);
}

const responseOf = (name: string, status: number): unknown =>
  (description.operations[name]?.responses as Node | undefined)?.[String(status)];

/** What a `$ref` stands for; anything else is itself. */
function resolve(node: unknown): Node {
  const { $ref } = node as Node;
  return typeof $ref === 'string'
    ? resolve(description.$defs[$ref.slice('#/$defs/'.length)])
    : (node as Node);
}

/** The schema of the JSON that a described request or response has. */
function jsonSchemaOf(node: unknown): Node | undefined {
  const { content } = resolve(node) as { readonly content?: Readonly<Record<string, Node>> };
  const json = content?.['application/json'];
  return json && resolve(json.schema);
}

function check(schema: Node, value: unknown, what: string): readonly string[] {
  const validate = validators.get(schema) ?? ajv.compile({ ...schema, $defs: description.$defs });
  validators.set(schema, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${what}${instancePath} ${message}`);
}

function complete(schema: Node, known: unknown): unknown {
  const alternatives = ((schema.anyOf ?? schema.oneOf ?? []) as readonly Node[]).map(resolve);
  if (known === undefined && alternatives.some(({ type }) => type === 'null')) return null;
  const [first] = alternatives.filter(({ type }) => type !== 'null');
  if (known === null) return null;
  if (first !== undefined) return complete(first, known);
  if (Array.isArray(schema.allOf)) {
    return schema.allOf.reduce((value: unknown, part) => complete(resolve(part), value), known);
  }
  if (known === undefined && schema.type !== 'object') return emptyOf(schema);
  if (Array.isArray(known)) return known.map((item) => complete(resolve(schema.items ?? {}), item));
  if (known !== undefined && typeof known !== 'object') return known;
  const given = (known ?? {}) as Node;
  const properties = (schema.properties ?? {}) as Node;
  const names = new Set([...Object.keys(given), ...((schema.required ?? []) as readonly string[])]);
  return Object.fromEntries(
    [...names].map((name) => [name, complete(resolve(properties[name] ?? {}), given[name])]),
  );
}

function emptyOf({ type, enum: choices, format }: Node): unknown {
  if (Array.isArray(choices)) return choices[0];
  switch (type) {
    case 'string':
      return format === 'date-time' ? '2026-01-01T00:00:00Z' : '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    default:
      return undefined;
  }
}
