// How a git process that is running gets to know who we are: it asks, over a socket that only it and the programs that
// it starts have inherited, and it is answered from memory. What it asks with is a line of shell without any secret in
// it, so that none is in an argument, a file or an environment (docs/decisions/0017).
import type { Duplex } from 'node:stream';
import type { Credential } from '../../ports/credentials.js';

/** The descriptor that git's helper finds the socket at. */
export const CHANNEL_FD = 3;

/** `key=value` configuration that makes git ask over the channel: it hands on the question, and the answer. */
export const CHANNEL_CONFIG = `credential.helper=!f() { { echo "operation=$1"; cat; echo; } >&${CHANNEL_FD}; while IFS= read -r line && test -n "$line"; do printf '%s\\n' "$line"; done <&${CHANNEL_FD}; }; f`;

/** Who answers for the host of one address. */
export interface Answerer {
  /** What to show there; undefined when there is nothing. */
  answer(): Promise<Credential | undefined>;
  /** The host did not accept it. */
  refused(credential: Credential): void;
}

/** A question is some lines of `key=value`; a longer one is none of git's. */
const LONGEST_QUESTION = 64 * 1024;

/** Answers git's questions until the socket closes: those about the host of `url`, and no other. Never throws. */
export function serveChannel(socket: Duplex, url: string, answerer: Answerer): void {
  let asked = '';
  socket.on('error', () => {}); // git may end before it has read the answer
  socket.on('data', (chunk: Buffer) => {
    asked += chunk.toString();
    if (asked.length > LONGEST_QUESTION) socket.destroy();
    for (let end = asked.indexOf('\n\n'); end >= 0; end = asked.indexOf('\n\n')) {
      const question = new Map(asked.slice(0, end).split('\n').map(keyAndValue));
      asked = asked.slice(end + 2);
      void reply(question, url, answerer).then((lines) => socket.write(`${lines}\n`));
    }
  });
}

/** The lines of the answer; none where there is nothing to say, so that git goes on without. */
async function reply(
  question: ReadonlyMap<string, string>,
  url: string,
  answerer: Answerer,
): Promise<string> {
  if (originOf(`${question.get('protocol')}://${question.get('host')}`) !== originOf(url)) return '';
  const [username = '', password = ''] = [question.get('username'), question.get('password')];
  switch (question.get('operation')) {
    case 'get': {
      const found = await answerer.answer();
      if (found === undefined) return '';
      const lines = [`username=${found.username}`, `password=${found.password}`];
      return lines.some((line) => line.includes('\n')) ? '' : `${lines.join('\n')}\n`;
    }
    case 'erase':
      answerer.refused({ username, password });
      return '';
    default:
      return ''; // `store`: nothing is kept
  }
}

function keyAndValue(line: string): readonly [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined);
