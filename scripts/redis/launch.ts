// A Redis on its way up: when it serves, what it was waited for when it does not, and that nothing of it is left behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;
/** How long a single question may be without an answer; then it is asked anew. */
const ANSWER_MS = 2_000;

export interface LaunchOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Where it is going to listen, on loopback. */
  readonly port: number;
  /** How long it may take until it serves. */
  readonly patienceMs: number;
  /** What it has said so far: the end of it stands in what `serving` rejects with. */
  readonly log: () => string;
}

export interface Launch {
  /**
   * Resolves when it serves: it answers, and has loaded its data. Rejects when it has ended, was killed, or does not
   * serve in time, with what was waited for; nothing of it is left then.
   */
  readonly serving: Promise<void>;
  /** From when it serves until it has ended: after that the number may be anybody's. */
  pid(): number | undefined;
  /** True when it has ended without being killed: most likely it could not have its port. */
  gaveUp(): boolean;
  /** SIGKILL, whatever it is at; resolves when it is gone. */
  kill(): Promise<void>;
}

/**
 * The shell in between kills the server when this process ends, however it ends: its stdin is a pipe from here. It ends
 * with the server.
 */
const GUARD = `
exec 3<&0
"$@" 3<&- & pid=$!
echo $pid
(cat <&3 > /dev/null; kill -9 $pid) 2> /dev/null & watch=$!
wait $pid
kill $watch 2> /dev/null`;

/** Starts a server, and asks it until it serves. */
export function launch({ command, port, patienceMs, log }: LaunchOptions): Launch {
  const guard = spawn('sh', ['-c', GUARD, 'sh', ...command], { stdio: ['pipe', 'pipe', 'ignore'] });
  guard.stdin.on('error', () => undefined); // it has gone before us
  let isGone = false;
  let isKilled = false;
  let served: number | undefined;
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      isGone = true;
      guard.stdin.end();
      resolve();
    };
    guard.once('exit', end);
    guard.once('error', end);
  });

  async function kill(): Promise<void> {
    isKilled ||= !isGone;
    guard.stdin.end();
    await gone;
  }

  async function untilServing(): Promise<void> {
    const end = performance.now() + patienceMs;
    const [line] = await Promise.race([once(guard.stdout, 'data'), gone.then(() => [''])]);
    const pid = Number(String(line).trim());
    for (;;) {
      const state = await Promise.race([stateOf(port, pid), gone.then(() => 'it is gone')]);
      if (isGone) throw new Error(`redis-server on port ${port} ${isKilled ? 'was killed' : 'has ended'}`);
      if (state === 'serves') {
        served = pid;
        return;
      }
      if (performance.now() > end)
        throw new Error(`redis-server on port ${port} does not serve within ${patienceMs} ms: ${state}`);
      await sleep(POLL_MS);
    }
  }

  const serving = untilServing().catch(async (error: unknown) => {
    await kill();
    const said = log().trim().split('\n').slice(-8).join('\n');
    throw new Error(`${(error as Error).message}${said && `; its log ends:\n${said}`}`);
  });
  serving.catch(() => undefined); // whoever kills it need not wait for it
  return { serving, pid: () => (isGone ? undefined : served), gaveUp: () => isGone && !isKilled, kill };
}

/** What the server of this process id, and not another one on the port, is at: `serves`, or why it does not yet. */
async function stateOf(port: number, pid: number): Promise<string> {
  try {
    const text = await ask(port);
    if (text.startsWith('-NOAUTH')) return 'serves';
    if (!text.includes(`process_id:${pid}\r\n`)) return 'another server has the port';
    return text.endsWith('+PONG\r\n') ? 'serves' : `it answers ${text.trim().split('\r\n').at(-1)}`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The last line of what it answers: INFO is answered by one that is still loading as well. */
const ANSWERED = /(^|\r\n)(\+PONG|-[A-Z]+[^\r]*)\r\n$/;

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('INFO server\r\nPING\r\n'));
    let text = '';
    socket.setTimeout(ANSWER_MS, () =>
      socket.destroy(new Error(`it takes connections, and answers nothing for ${ANSWER_MS} ms`)),
    );
    socket.on('data', (chunk) => {
      text += String(chunk);
      if (ANSWERED.test(text)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => (text === '' ? reject(new Error('it hangs up at once')) : resolve(text)));
  });
}
