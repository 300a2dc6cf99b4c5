// Clients that speak whatever bytes a test wants, and feeds large enough to fill every buffer.
import { connect, type Socket } from 'node:net';
import type { Bus } from '../../../src/ports/bus.js';

export interface RawClient {
  readonly socket: Socket;
  text(): string;
}

/** Connects to a server on this machine and collects what it says. */
export function connectTo(port: number): RawClient {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (piece: string) => {
    text += piece;
  });
  socket.on('error', () => {});
  return { socket, text: () => text };
}

/** Appends messages of 60 KB each; their texts say their number. */
export async function appendLarge(bus: Bus, jobId: string, from: number, to: number): Promise<void> {
  for (let seq = from; seq <= to; seq += 1) {
    const data = JSON.stringify({ attempt: 1, seq, text: 'x'.repeat(60_000) });
    await bus.transcript.append(jobId, 1, [{ seq, kind: 'message', type: 'assistant', data }]);
  }
}
