// A person with a browser: opens the page that a client sends them to, and answers it.
import assert from 'node:assert/strict';

export type Ask = (url: string | URL, init?: RequestInit) => Promise<Response>;

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The hidden fields of its form. */
  readonly fields: Readonly<Record<string, string>>;
}

export async function readPage(response: Response): Promise<Page> {
  const text = await response.text();
  const hidden = [...text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
  const fields = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, plain(value)]));
  return { status: response.status, headers: response.headers, text, fields };
}

const plain = (text: string): string =>
  text.replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)));

/** Sends the form of a page. */
export const answerPage = (
  ask: Ask,
  authorize: URL,
  { fields }: Pick<Page, 'fields'>,
  answer: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = { origin: authorize.origin },
): Promise<Response> =>
  ask(`${authorize.origin}${authorize.pathname}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ ...fields, ...answer }),
  });

/** Says yes; resolves with where that leads. */
export async function sayYes(ask: Ask, authorize: URL, loginSecret: string): Promise<URL> {
  const page = await readPage(await ask(authorize, { redirect: 'manual' }));
  assert.equal(page.status, 200, page.text);
  const answer = { decision: 'allow', login_secret: loginSecret };
  const response = await answerPage(ask, authorize, page, answer);
  assert.equal(response.status, 302, await response.text());
  return new URL(response.headers.get('location') ?? '');
}
