// One POST over a connection of its own, to addresses that were checked: the name is not resolved again, redirects are
// not followed, and nothing of the answer is read but its status.
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';

export interface Post {
  readonly url: URL;
  /** Where its host leads. */
  readonly addresses: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Resolves with the status; rejects when there was no answer before the signal. */
export function post({ url, addresses, headers, body }: Post, signal: AbortSignal): Promise<number> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const options = { method: 'POST', agent: false, lookup: pinnedTo(addresses), signal, headers } as const;
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const pinnedTo =
  (addresses: readonly string[]): LookupFunction =>
  (_name, { all }, callback) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }));
    if (all) return callback(null, found);
    const [first = { address: '', family: 0 }] = found;
    callback(null, first.address, first.family);
  };
