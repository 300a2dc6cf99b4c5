import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { type FeedItem, type FeedRequest, readFeed } from '../../../src/surfaces/cli/server/feed-client.js';
import { createHttpClient } from '../../../src/surfaces/cli/server/http-client.js';
import { ID } from './sample-job.js';
import { frame, frames, problem, type ServerDouble, startServerDouble } from './server-double.js';

const ROUTE = `GET /jobs/${ID}/events`;
const END = frame('9-0.end', 'end', { status: 'succeeded' });

let server: ServerDouble;
before(async () => {
  server = await startServerDouble();
});
after(() => server.stop());

const client = (): ReturnType<typeof createHttpClient> => createHttpClient({ url: server.url, apiKey: 'k' });

/** Reads to the end; what came, and how the connections were asked for. */
async function readAll(
  more: Partial<FeedRequest> = {},
  signal = new AbortController().signal,
): Promise<FeedItem[]> {
  const items: FeedItem[] = [];
  for await (const item of readFeed(client(), { jobId: ID, ...more }, signal)) items.push(item);
  return items;
}

const idsOf = (items: readonly FeedItem[]): (string | undefined)[] =>
  items.flatMap((item) => (item.kind === 'frame' ? [item.frame.id] : []));

/** Answers each connection in its own way; the last way stays. */
function answerInTurn(...ways: ((res: ServerResponse) => void)[]): void {
  let turn = 0;
  server.on(ROUTE, (res) => {
    ways[Math.min(turn, ways.length - 1)]?.(res);
    turn += 1;
  });
}

describe('reading a feed', () => {
  it('gives each frame and ends with `end`', async () => {
    answerInTurn((res) =>
      frames(res, [
        ': keep-alive\n\n',
        frame(1, 'A', {}),
        frame(2, 'b', { c: '日本' }),
        END,
        frame(10, 'late', {}),
      ]),
    );
    const items = await readAll();
    assert.deepEqual(idsOf(items), ['1-0', '2-0', '9-0.end']);
    assert.equal(items.length, 3);
  });

  it('goes on after the last whole frame when the connection is cut in the middle of one', async () => {
    const whole = frame(3, 'C', { text: 'x'.repeat(2000) });
    answerInTurn(
      (res) => frames(res, [frame(1, 'A', {}), frame(2, 'B', {}), whole.slice(0, 500)]),
      (res) => frames(res, [whole, END]),
    );
    const seen = server.asked.length;
    const items = await readAll();
    assert.deepEqual(idsOf(items), ['1-0', '2-0', '3-0', '9-0.end']);
    assert.deepEqual(
      server.asked.slice(seen).map(({ headers }) => headers['last-event-id']),
      [undefined, '2-0'],
    );
    assert.deepEqual(
      items.filter(({ kind }) => kind !== 'frame').map(({ kind }) => kind),
      ['away', 'back'],
    );
  });

  it('survives a socket that is torn away, and characters cut in two', async () => {
    const text = frame(1, 'A', { text: '日本語🚀' });
    const bytes = Buffer.from(text);
    answerInTurn(
      (res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.write(bytes.subarray(0, 33), () => setImmediate(() => res.destroy()));
      },
      (res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        const rest = (at: number): void => {
          if (at >= bytes.length) res.end(END);
          else res.write(bytes.subarray(at, at + 1), () => setImmediate(rest, at + 1));
        };
        rest(0);
      },
    );
    const items = await readAll();
    const first = items.find((item) => item.kind === 'frame');
    assert.deepEqual(first?.kind === 'frame' ? JSON.parse(first.frame.data) : undefined, {
      text: '日本語🚀',
    });
  });

  it('never gives a frame twice that the server repeats', async () => {
    answerInTurn(
      (res) => frames(res, [frame(1, 'A', {})]),
      (res) => frames(res, [frame(1, 'A', {}), frame(2, 'B', {}), END]),
    );
    assert.deepEqual(idsOf(await readAll()), ['1-0', '2-0', '9-0.end']);
  });

  it('keeps trying while the server restarts, and while its bus is away', async () => {
    answerInTurn(
      (res) => res.destroy(),
      (res) => problem(res, 503, 'AGENTICORE_BUS_UNREACHABLE', 'The bus cannot be reached.'),
      (res) => void res.writeHead(502).end('<html>'),
      (res) => frames(res, [frame(1, 'A', {}), END]),
    );
    const items = await readAll();
    assert.deepEqual(
      items.map(({ kind }) => kind),
      ['away', 'away', 'away', 'back', 'frame', 'frame'],
    );
  });

  it('takes silence beyond the keep-alives for a dead connection', async () => {
    answerInTurn(
      (res) => frames(res, [frame(1, 'A', {})], false),
      (res) => frames(res, [frame(2, 'B', {}), END]),
    );
    assert.deepEqual(idsOf(await readAll({ quietMs: 200 })), ['1-0', '2-0', '9-0.end']);
  });

  it('is over when there is nothing after the cursor any more', async () => {
    answerInTurn((res) => void res.writeHead(204).end());
    assert.deepEqual(await readAll({ after: '9-0.end' }), []);
    assert.equal(server.asked.at(-1)?.headers['last-event-id'], '9-0.end');
  });

  it('asks for events only when that is enough, and shows the key', async () => {
    answerInTurn((res) => frames(res, [END]));
    await readAll({ events: 'domain' });
    assert.match(server.asked.at(-1)?.path ?? '', /\?events=domain$/);
    assert.equal(server.asked.at(-1)?.headers['x-api-key'], 'k');
  });

  it('gives up at once on what does not pass by itself', async () => {
    const refusals = {
      UNAUTHORIZED: 401,
      INSUFFICIENT_SCOPE: 403,
      HOST_REFUSED: 403,
      JOB_NOT_FOUND: 404,
      BUS_CORRUPT: 500,
    };
    for (const [code, status] of Object.entries(refusals)) {
      answerInTurn(
        (res) => problem(res, status, `AGENTICORE_${code}`, 'No.'),
        (res) => frames(res, [END]),
      );
      await assert.rejects(readAll(), { code });
    }
  });

  it('ends at once when nobody wants it any more, connected or waiting', async () => {
    for (const way of [
      (res: ServerResponse) => frames(res, [frame(1, 'A', {})], false),
      (res: ServerResponse) => void res.destroy(),
    ]) {
      answerInTurn(way);
      const controller = new AbortController();
      for await (const _item of readFeed(client(), { jobId: ID }, controller.signal)) controller.abort();
    }
  });

  it('cuts off a server that sends a line without end', { timeout: 60_000 }, async () => {
    answerInTurn(
      (res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        const flood = (): void => {
          while (!res.destroyed && res.write('x'.repeat(1024 * 1024)));
          if (!res.destroyed) res.once('drain', flood);
        };
        res.write('data: ');
        flood();
      },
      (res) => frames(res, [END]),
    );
    assert.deepEqual(idsOf(await readAll()), ['9-0.end']);
  });
});
