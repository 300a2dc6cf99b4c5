// Says in words what a JSON Schema allows: "an integer from 1 to 65535", "one of sse, stdio".

/** The part of JSON Schema that our schemas use. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly [annotation: string]: unknown;
}

/** A phrase that fits behind "must be". */
export function sayAllowed(schema: SchemaNode = {}): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.map(sayValue).join(', ')}`;
  if (schema.const !== undefined) return sayValue(schema.const);
  if (schema.anyOf !== undefined) return either(schema.anyOf.map(sayAllowed));
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  return either(types.map((type) => sayType(type, schema)));
}

function sayType(type: string, schema: SchemaNode): string {
  switch (type) {
    case 'integer':
      return `an integer${sayRange(schema)}`;
    case 'number':
      return `a number${sayRange(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return saySize('a text', 'characters', schema.minLength, schema.maxLength) + sayPattern(schema);
    case 'array': {
      const of = schema.items === undefined ? '' : ` of items that are each ${sayAllowed(schema.items)}`;
      return `${saySize('a list', 'items', schema.minItems, schema.maxItems)}${of}`;
    }
    case 'object':
      return 'a map of names to values';
    default:
      return type; // null
  }
}

function sayRange({ minimum, exclusiveMinimum, maximum }: SchemaNode): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  if (exclusiveMinimum !== undefined) return ` greater than ${exclusiveMinimum}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
}

function saySize(noun: string, unit: string, least: number | undefined, most: number | undefined): string {
  if (most !== undefined) return `${noun} of ${least ?? 0} to ${most} ${unit}`;
  if (least === 1) return `${noun} that is not empty`;
  return least === undefined ? noun : `${noun} of at least ${least} ${unit}`;
}

/** A pattern is explained by its schema's `$comment`, for people who do not read regular expressions. */
function sayPattern(schema: SchemaNode): string {
  if (schema.pattern === undefined) return '';
  return typeof schema.$comment === 'string' ? ` (${schema.$comment})` : ` matching ${schema.pattern}`;
}

const sayValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function either(phrases: readonly string[]): string {
  const distinct = [...new Set(phrases)];
  const last = distinct.pop() ?? 'something else';
  return distinct.length === 0 ? last : `${distinct.join(', ')} or ${last}`;
}
