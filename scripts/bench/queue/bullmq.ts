// BullMQ as its documentation says: one Queue, one Worker with the `concurrency` option. Finished jobs are kept, which
// is its default.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { type Contender, REQUEST } from './contender.js';

const NAME = 'jobs';

/** Opens a queue with its own connections. */
export async function openBullMq(url: string): Promise<Contender> {
  const connect = (): Redis => new Redis(url, { maxRetriesPerRequest: null, replyMapping: 'legacy' });
  const ofQueue = connect();
  const queue = new Queue(NAME, { connection: ofQueue });
  await queue.waitUntilReady();
  return {
    name: 'BullMQ',
    async submit() {
      await queue.add('task', REQUEST);
    },
    async work(concurrency, listener) {
      const connection = connect();
      const worker = new Worker(NAME, async () => listener.started(), {
        connection,
        concurrency,
        autorun: false,
      });
      worker.on('completed', () => listener.done());
      worker.on('error', (error) => console.error(error));
      await worker.waitUntilReady();
      return {
        begin() {
          void worker.run();
        },
        async stop() {
          await worker.close();
          connection.disconnect();
        },
      };
    },
    async close() {
      await queue.close();
      ofQueue.disconnect();
    },
  };
}
