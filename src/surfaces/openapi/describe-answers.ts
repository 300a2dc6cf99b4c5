// Answers of one status as a response of OpenAPI.
import type { JsonRecord } from '../../domain/json-record.js';
import type { Answer, Content } from './operation.js';

/** Answers that share a status are told in one place. */
export function describeAnswers(answers: readonly Answer[]): JsonRecord {
  const headers = answers.flatMap((answer) => answer.headers ?? []);
  const content = answers.map((answer) => answer.content ?? {}).reduce(eitherContent);
  return {
    description: answers.map((answer) => answer.description).join('\n'),
    headers: Object.fromEntries([
      ['X-Request-Id', { $ref: '#/components/headers/X-Request-Id' }],
      ...headers.map((name) => [
        name,
        { required: answers.every((answer) => answer.headers?.includes(name)), schema: { type: 'string' } },
      ]),
    ]),
    ...(Object.keys(content).length > 0 && { content }),
  };
}

function eitherContent(one: Content, other: Content): Content {
  const shared = Object.keys(one).filter((type) => type in other);
  const either = shared.map((type) => [
    type,
    { schema: { anyOf: [one[type]?.schema, other[type]?.schema] } },
  ]);
  return { ...one, ...other, ...Object.fromEntries(either) };
}
