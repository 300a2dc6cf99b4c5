// `response_format` as the schema that Claude's answer has to fit; what cannot be honoured is refused, never ignored.
import { isRecord, type JsonRecord } from '../../../domain/json-record.js';
import { invalid } from '../../http/limits.js';

/** Undefined: plain text. Throws INVALID_REQUEST. */
export function answerSchema(format: JsonRecord | null | undefined): JsonRecord | undefined {
  if (format === null || format === undefined) return undefined;
  switch (format.type) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'object' };
    case 'json_schema':
      return schemaOf(format.json_schema);
    default:
      throw invalid('response_format.type', 'must be one of text, json_object, json_schema');
  }
}

function schemaOf(named: unknown): JsonRecord {
  const schema = isRecord(named) ? named.schema : undefined;
  const at = 'response_format.json_schema.schema';
  if (!isRecord(schema)) throw invalid(at, 'must be a JSON Schema');
  if (schema.type !== undefined && schema.type !== 'object')
    throw invalid(at, 'must describe an object: its type must be "object"');
  return schema;
}
