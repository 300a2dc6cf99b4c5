// Stands between a bus and Redis and cuts the line at the worst moment: before a script is carried out, or after.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly url: string;
  /** The next script call is carried out, but its answer is lost with the connection, once `meanwhile` is done. */
  loseNextAnswer(meanwhile?: () => Promise<unknown>): void;
  /** The next script call is lost with the connection before Redis sees it. */
  loseNextCall(): void;
  /** The next message on a channel that has this in its name is lost with its connection. */
  loseNextMessage(channel: string): void;
  /** Hangs up on everybody, until `open`. */
  shut(): void;
  open(): void;
  /** How often the line was cut. */
  cuts(): number;
  stop(): Promise<void>;
}

export async function startCuttingProxy(redisPort: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let plan: 'answer' | 'call' | undefined;
  let cuts = 0;
  let isShut = false;
  let muted: string | undefined;
  let doing = async (): Promise<unknown> => undefined;

  const server = createServer((client) => {
    if (isShut) {
      client.destroy();
      return;
    }
    const redis = connect(redisPort, '127.0.0.1');
    let losing = false;
    const cut = (): void => {
      cuts += 1;
      client.destroy();
      redis.destroy();
    };
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        redis.destroy();
      });
    }
    client.on('data', (chunk) => {
      const isCall = plan !== undefined && /evalsha/i.test(String(chunk));
      if (isCall && plan === 'call') {
        plan = undefined;
        cut();
        return;
      }
      if (isCall) {
        plan = undefined;
        losing = true;
      }
      redis.write(chunk);
    });
    redis.on('data', (chunk) => {
      const text = String(chunk);
      if (muted !== undefined && text.includes('\r\nmessage\r\n') && text.includes(muted)) {
        muted = undefined;
        cut();
      } else if (!losing) client.write(chunk);
      else void doing().finally(cut);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');

  return {
    url: `redis://127.0.0.1:${address.port}`,
    loseNextAnswer(meanwhile = async () => undefined) {
      doing = meanwhile;
      plan = 'answer';
    },
    loseNextCall() {
      plan = 'call';
    },
    loseNextMessage(channel) {
      muted = channel;
    },
    shut() {
      isShut = true;
    },
    open() {
      isShut = false;
    },
    cuts: () => cuts,
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
