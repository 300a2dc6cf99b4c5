import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { type } from './person.js';
import { holdSucceededJob, ID, jobJson, STORY, SUCCEEDED } from './sample-job.js';
import { createScreen, type Screen } from './screen.js';
import { frame, frames, json, type ServerDouble, startServerDouble } from './server-double.js';

const DONE = frame('99-0.end', 'end', {});

let server: ServerDouble;
beforeEach(async () => {
  server = await startServerDouble();
  holdSucceededJob(server);
});
afterEach(() => server.stop());

describe('leaving with Ctrl-C', () => {
  const leave = async (
    words: readonly string[],
    out: Screen | undefined,
  ): Promise<Awaited<ReturnType<typeof type>>> => {
    let press = (): void => {};
    const done = type(words, {
      url: server.url,
      ...(out ? { out } : {}),
      interrupt: (pressed) => {
        press = pressed;
      },
    });
    await eventually(
      'the feed is read',
      () => server.askedFor(`GET /jobs/${ID}/events`).length > 0 && out?.raw() !== '',
    );
    press();
    return done;
  };

  for (const words of [
    ['watch', ID],
    ['run', 'x', '-f'],
    ['run', 'x', '-w'],
    ['watch', ID, '--json'],
  ]) {
    it(`${words.join(' ')}: exit 130, and says that the job goes on`, async () => {
      server.on(`GET /jobs/${ID}/events`, (res) => frames(res, STORY.slice(0, 7), false));
      const { code, err } = await leave(words, undefined);
      assert.equal(code, 130);
      assert.match(
        err,
        new RegExp(
          `The job goes on\\. See it with: agenticore watch ${ID}\n +Stop it with: agenticore cancel ${ID}\n$`,
        ),
      );
      assert.equal(server.askedFor(`DELETE /jobs/${ID}`).length, 0);
    });
  }

  it('also while the server is away', async () => {
    server.on(`GET /jobs/${ID}/events`, (res) => void res.destroy());
    assert.equal((await leave(['watch', ID], undefined)).code, 130);
  });

  it('leaves no status line on the screen', async () => {
    const screen = createScreen(80);
    server.on(`GET /jobs/${ID}/events`, (res) => frames(res, STORY.slice(0, 7), false));
    assert.equal((await leave(['watch', ID], screen)).code, 130);
    assert.ok(!screen.rows().join('\n').includes('Ctrl-C'));
    assert.match(screen.raw(), /(\n|\[J)$/, 'the cursor stands at the start of a row');
  });
});

describe('a server that goes away while a job is followed', () => {
  it('is waited for, also when the end has just come', async () => {
    let connections = 0;
    server.on(`GET /jobs/${ID}/events`, (res) => {
      connections += 1;
      frames(res, connections === 1 ? [...STORY.slice(0, 5), 'id: 6-0\nevent: del'] : STORY.slice(5));
    });
    let looks = 0;
    server.on(`GET /jobs/${ID}`, (res) => {
      looks += 1;
      if (looks === 1) res.destroy();
      else json(res, 200, { success: true, job: jobJson(SUCCEEDED) });
    });
    const { code, out } = await type(['watch', ID], { url: server.url });
    assert.equal(code, 0);
    assert.equal(out.match(/npm test/g)?.length, 1);
    assert.match(out, /● The server closed the connection\. Trying again …\n● The server is back\.\n/);
  });

  it('is said to be away once, however often it is tried, also to who reads JSON', async () => {
    holdSucceededJob(server);
    let connections = 0;
    server.on(`GET /jobs/${ID}/events`, (res) => {
      connections += 1;
      if (connections < 4) res.destroy();
      else frames(res, STORY);
    });
    const { code, err } = await type(['watch', ID, '--json'], { url: server.url });
    assert.equal(code, 0);
    assert.match(err, /^agenticore: .* Trying again \.\.\.\n$/);
  });
});

describe('watching from now on', () => {
  it('begins behind what the server has told before', async () => {
    server.on('GET /health', (res) =>
      json(res, 200, { status: 'ok' }, { date: 'Fri, 02 Jan 2026 03:04:05 GMT' }),
    );
    server.on(`GET /jobs/${ID}/events`, (res) => frames(res, [DONE]));
    assert.equal((await type(['watch', ID, '--since', 'now'], { url: server.url })).code, 0);
    assert.equal(
      server.askedFor(`GET /jobs/${ID}/events`)[0]?.headers['last-event-id'],
      `${Date.parse('2026-01-02T03:04:05Z')}-0`,
    );
  });
});
