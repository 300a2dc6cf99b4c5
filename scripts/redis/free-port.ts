// A port for a server that is going to be killed and started again on it.
import { createServer } from 'node:net';

/** Below the range from which the system takes ports by itself: one stays ours while its owner is down. */
const [LEAST, MOST] = [20_000, 31_999];

/** A port on loopback that nobody listens on now, and that is not `taken`. */
export async function freePort(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (;;) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST));
    if (!taken.has(port) && (await isFree(port))) return port;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
