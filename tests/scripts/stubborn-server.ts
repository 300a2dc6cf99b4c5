// A server that does not leave when it is asked to.
import { createServer } from 'node:http';

process.on('SIGTERM', () => undefined);
const server = createServer((_request, response) => response.end(String(process.pid)));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  console.log(JSON.stringify({ url: `http://127.0.0.1:${address.port}`, msg: 'server.listening' }));
});
