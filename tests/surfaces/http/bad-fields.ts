// For every field of POST /jobs, values that must be refused, with the code of the refusal.

export const INVALID = 'AGENTICORE_INVALID_REQUEST';
const REPO = 'AGENTICORE_REPO_URL_REFUSED';
const REF = 'AGENTICORE_BASE_REF_REFUSED';
const FILE = 'AGENTICORE_FILE_PATH_REFUSED';
const CALLBACK = 'AGENTICORE_CALLBACK_URL_REFUSED';

export const members = (count: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']));
const nested = (depth: number): unknown =>
  Array.from({ length: depth }).reduce<unknown>((inner) => ({ a: inner }), 1);

/** Values of wrong type that no field takes. */
const NO_TEXT: readonly unknown[] = [null, 1, true, [], {}, ['x'], { toString: 'x' }];
const NO_NUMBER: readonly unknown[] = [null, '5', true, [], {}, ''];

export const FIELDS: Readonly<Record<string, readonly (readonly [value: unknown, code: string])[]>> = {
  task: [
    ...NO_TEXT.map((value) => [value, INVALID] as const),
    ['', INVALID],
    ['   \n\t', INVALID],
    ['x'.repeat(100_001), INVALID],
    ['nul \u0000 inside', INVALID],
    [' '.repeat(100_000), INVALID],
    [`${'a '.repeat(49_999)}\u0000`, INVALID],
    ['half a pair \ud800', INVALID],
  ],
  repo_url: [
    ...NO_TEXT.map((value) => [value, INVALID] as const),
    ['https://example.com/a\u0000b', INVALID],
    [`https://example.com/${'a'.repeat(3000)}`, INVALID],
    ['ext::sh -c "touch /tmp/x"', REPO],
    ['file:///etc', REPO],
    ['/etc', REPO],
    ['../x', REPO],
    ['--upload-pack=touch /tmp/x', REPO],
    ['-oProxyCommand=x', REPO],
    ['ssh://-oProxyCommand=x/a', REPO],
    ['https://user:secret@example.com/a/b', REPO],
    ['http://example.com/a/b', REPO],
    ['git://example.com/a/b', REPO],
    ['https://', REPO],
    ['https://exa mple.com/a', REPO],
    ['https://example.com/a\nb', REPO],
    ['javascript:alert(1)', REPO],
    ['💥', REPO],
    [' ', REPO],
  ],
  profile: [
    ...NO_TEXT.map((value) => [value, INVALID] as const),
    ['nobody', 'AGENTICORE_UNKNOWN_PROFILE'],
    ['bad', 'AGENTICORE_BROKEN_PROFILE'],
    ['../../etc', INVALID],
    ['a/b', INVALID],
    ['.hidden', INVALID],
    ['-x', INVALID],
    ['x'.repeat(101), INVALID],
    ['co\u0000de', INVALID],
  ],
  base_ref: [
    ...NO_TEXT.map((value) => [value, INVALID] as const),
    ['--orphan', REF],
    ['-', REF],
    ['a..b', REF],
    ['a b', REF],
    ['a\nb', REF],
    ['@{-1}', REF],
    ['a~1', REF],
    ['a^{}', REF],
    ['main:other', REF],
    ['.lock', REF],
    ['x'.repeat(256), INVALID],
    ['a\u0000', INVALID],
  ],
  wait: [...NO_TEXT.filter((value) => value !== true), 'true', 0].map((value) => [value, INVALID] as const),
  wait_seconds: [...NO_NUMBER, 0, -1, 51, 1.5, 1e300].map((value) => [value, INVALID] as const),
  session_id: [
    ...NO_TEXT.map((value) => [value, INVALID] as const),
    ['not-a-uuid', INVALID],
    ['../../../etc/passwd', INVALID],
    ['7f3e1a52-0000-4000-8000-00000000000', INVALID],
    ['7f3e1a52-0000-4000-8000-000000000001\n', INVALID],
    ['--resume', INVALID],
  ],
  timeout_s: [...NO_NUMBER, 0, -1, 0.5, 604_801, 1e300].map((value) => [value, INVALID] as const),
  max_budget_usd: [...NO_NUMBER, 0, -0.01, 100_001, 1e300].map((value) => [value, INVALID] as const),
  model: [
    ...NO_TEXT.map((value) => [value, INVALID] as const),
    ['', INVALID],
    ['--dangerously-skip-permissions', INVALID],
    ['a b', INVALID],
    ['x'.repeat(201), INVALID],
    ['so\u0000nnet', INVALID],
  ],
  max_turns: [...NO_NUMBER, 0, -1, 1.5, 10_001, 1e300].map((value) => [value, INVALID] as const),
  queue_ttl_seconds: [...NO_NUMBER, 0, -1, 1.5, 31_536_001].map((value) => [value, INVALID] as const),
  ttl_seconds: [...NO_NUMBER, 0, -1, 1.5, 31_536_001].map((value) => [value, INVALID] as const),
  metadata: [
    ...[null, 1, 'x', true, [], ['a']].map((value) => [value, INVALID] as const),
    [{ a: 1 }, INVALID],
    [{ a: null }, INVALID],
    [{ a: { b: 'c' } }, INVALID],
    [{ a: 'x'.repeat(1025) }, INVALID],
    [{ a: 'nul\u0000' }, INVALID],
    [{ '': 'x' }, INVALID],
    [{ 'a\u0000': 'x' }, INVALID],
    [{ ['k'.repeat(65)]: 'x' }, INVALID],
    [members(65), INVALID],
    [members(5000), INVALID],
    [nested(2000), INVALID],
  ],
  callback_url: [
    ...NO_TEXT.map((value) => [value, INVALID] as const),
    [`https://example.com/${'a'.repeat(2048)}`, INVALID],
    ['nonsense', CALLBACK],
    ['ftp://example.com/', CALLBACK],
    ['https://user:password@example.com/', CALLBACK],
    ['http://localhost:8200/jobs', CALLBACK],
    ['http://2130706433/', CALLBACK],
    ['http://[::ffff:10.0.0.1]/', CALLBACK],
    ['http://169.254.169.254/latest/meta-data', CALLBACK],
  ],
  file_path: [
    ...NO_TEXT.map((value) => [value, INVALID] as const),
    ['/etc/passwd', FILE],
    ['../x', FILE],
    ['a\u0000b', INVALID],
    ['x'.repeat(4097), INVALID],
  ],
  taks: [['x', INVALID] as const],
  __proto__x: [['x', INVALID] as const],
  constructor: [['x', INVALID] as const],
};
