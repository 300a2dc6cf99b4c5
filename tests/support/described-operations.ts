// What the description of the HTTP surface names, for those who compare it with something else.
import type { JsonRecord } from '../../src/domain/json-record.js';
import { readSchema } from '../../src/runtime/schema.js';
import { describeApi } from '../../src/surfaces/openapi/describe-api.js';

type Paths = Readonly<Record<string, Readonly<Record<string, JsonRecord>>>>;

/** As `GET /jobs/{id}`. Without OAuth's: those are a library's, which tests/surfaces/oauth asks for them. */
export function describedOperations(): string[] {
  const { paths } = describeApi('test', readSchema) as { readonly paths: Paths };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { tags }]) => String(tags) !== 'oauth')
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
}
