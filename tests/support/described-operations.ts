// What the description of the HTTP surface names, for those who compare it with something else.
import type { JsonRecord } from '../../src/domain/json-record.js';
import { readSchema } from '../../src/runtime/schema.js';
import { describeApi } from '../../src/surfaces/openapi/describe-api.js';

type Paths = Readonly<Record<string, Readonly<Record<string, JsonRecord>>>>;

/** As `GET /jobs/{id}`; without those of some tags. */
export function describedOperations(without: readonly string[]): string[] {
  const { paths } = describeApi('test', readSchema) as { readonly paths: Paths };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { tags }]) => !without.includes(String(tags)))
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
}
