// What Redis Streams can do at most: a stream and a group, no ledger, no view, no index, everything pipelined.
import { Redis } from 'ioredis';
import { type Contender, REQUEST, type WorkListener } from './contender.js';

const [STREAM, GROUP] = ['raw', 'workers'];

/** Opens the stream with its own connections. */
export async function openRawStreams(url: string): Promise<Contender> {
  const connect = (): Redis => new Redis(url, { enableAutoPipelining: true, replyMapping: 'legacy' });
  const writer = connect();
  await writer.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM').catch(() => undefined);
  return {
    name: 'raw streams',
    async submit() {
      await writer.xadd(STREAM, '*', 'order', JSON.stringify(REQUEST));
    },
    async work(concurrency, listener) {
      const reader = connect();
      await reader.ping();
      let stopped = false;
      let loop = Promise.resolve();
      return {
        begin() {
          loop = consume(reader, writer, concurrency, listener, () => stopped);
        },
        async stop() {
          stopped = true;
          reader.disconnect();
          await loop;
        },
      };
    },
    async close() {
      writer.disconnect();
    },
  };
}

async function consume(
  reader: Redis,
  writer: Redis,
  concurrency: number,
  listener: WorkListener,
  isStopped: () => boolean,
): Promise<void> {
  while (!isStopped()) {
    const read = [
      'GROUP',
      GROUP,
      'worker-1',
      'COUNT',
      concurrency,
      'BLOCK',
      5000,
      'STREAMS',
      STREAM,
      '>',
    ] as const;
    const reply = await reader.call('XREADGROUP', ...read).catch(() => null);
    const ids = [...JSON.stringify(reply).matchAll(/"(\d+-\d+)"/g)].map(([, id = '']) => id);
    await Promise.all(
      ids.map(async (id) => {
        listener.started();
        await Promise.all([writer.xack(STREAM, GROUP, id), writer.xdel(STREAM, id)]);
        listener.done();
      }),
    );
  }
}
