// A server that does not leave when it is asked to.
import { createServer } from 'node:http';

process.on('SIGTERM', () => undefined);
const port = Number(process.env.AGENTICORE_PORT);
createServer((_request, response) => response.end(String(process.pid))).listen(port, '127.0.0.1');
