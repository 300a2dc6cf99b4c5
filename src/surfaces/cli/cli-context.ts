// What the verbs are given: the screen, the doors to the rest of the building, and the person's Ctrl-C.
import type { ServerAddress } from './server/http-client.js';
import type { Terminal } from './terminal/terminal.js';

/** What `agenticore serve` was asked for; absent = as configured. */
export interface ServeFlags {
  readonly port?: number;
  readonly host?: string;
  readonly roles?: string;
}

/** One thing that doctor looked at. */
export interface Finding {
  readonly name: string;
  readonly level: 'ok' | 'warn' | 'fail';
  /** What was found, one sentence. */
  readonly fact: string;
  /** What to do about it, when there is something to do. */
  readonly mend?: string;
}

/** Where the server is, as far as the command line says; the rest is configuration. */
export interface AddressFlags {
  readonly url?: string | undefined;
  readonly apiKey?: string | undefined;
}

export interface CliContext {
  readonly version: string;
  readonly terminal: Terminal;
  readonly stdin: { readonly isTTY?: boolean } & AsyncIterable<Uint8Array | string>;
  /** Throws CONFIG_INVALID. */
  address(flags: AddressFlags): Promise<ServerAddress>;
  /** Runs the server to its end and gives its exit code. */
  serve(flags: ServeFlags): Promise<number>;
  diagnose(): Promise<readonly Finding[]>;
  /** Calls back at Ctrl-C instead of ending the process, until the function it returns is called. */
  onInterrupt(listener: () => void): () => void;
}
