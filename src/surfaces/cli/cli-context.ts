// What the verbs are given: the screen, the doors to the rest of the building, and the person's Ctrl-C.
import type { ReadSession } from '../../app/admin/check-sessions.js';
import type { ErrorDetail } from '../../domain/errors.js';
import type { Hash } from '../../domain/evidence.js';
import type { Bus } from '../../ports/bus.js';
import type { Clock } from '../../ports/clock.js';
import type { ServerAddress } from './server/http-client.js';
import type { Terminal } from './terminal/terminal.js';

/** What `agenticore serve` was asked for; absent = as configured. */
export interface ServeFlags {
  readonly port?: number;
  readonly host?: string;
  readonly roles?: string;
  /** `stdio`: for the MCP client at our standard input and output. */
  readonly transport?: 'stdio';
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

/** An agent package that this machine knows of. */
export interface PackageRow {
  readonly name: string;
  readonly description: string;
  readonly model: string;
  /** Where it comes from. */
  readonly source: string;
  /** Why it cannot be used, when it cannot. */
  readonly error?: string;
}

/** What was found in a folder: an agent, or every fault of its files. */
export type PackageVerdict =
  | {
      readonly valid: true;
      readonly name: string;
      readonly description: string;
      readonly model: string;
      readonly mcpServers: readonly string[];
      readonly commands: readonly string[];
      readonly runners: readonly string[];
      /** Keys of profile.yml that mean nothing to an agent. */
      readonly unusedKeys: readonly string[];
    }
  | { readonly valid: false; readonly faults: readonly ErrorDetail[] };

/** Where the server is, as far as the command line says; the rest is configuration. */
export interface AddressFlags {
  readonly url?: string | undefined;
  readonly apiKey?: string | undefined;
}

/** The bus itself on the keeper's desk, with what else looking after it takes. */
export interface Desk {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly hash: Hash;
  /** Takes secrets out of the task of a job that is submitted from here. */
  readonly redactTask: (task: string) => string;
  /** Finds what Claude wrote down itself, where that is on this disk. */
  readonly readSession: ReadSession;
  /** Jobs that are there and that the bus could not make sense of when it was opened, with why. */
  unreadableJobs(): ReadonlyMap<string, string>;
}

export interface DeskOrder {
  /** `read`: a file bus is read as it lies there, beside a server that may be using it. */
  readonly access: 'read' | 'write';
  /** The address of another Redis than the configured bus. */
  readonly redisUrl?: string;
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
  /** The agent packages that come with the program, that it is configured for, and that the hub has. Throws CONFIG_INVALID. */
  listPackages(): Promise<readonly PackageRow[]>;
  checkPackage(directory: string): Promise<PackageVerdict>;
  /**
   * Opens the bus of the configuration for `work`, and closes it afterwards. What cannot be read is said on stderr.
   * Throws CONFIG_INVALID, BUS_UNREACHABLE, and BUS_LOCKED for writing to a file bus that a server has.
   */
  atDesk<T>(order: DeskOrder, work: (desk: Desk) => Promise<T>): Promise<T>;
  /** What the process calls itself that has the file bus in its hands; undefined when that is not known. */
  busHolder(): Promise<string | undefined>;
  /** Lets the person change a text in their editor. Throws INVALID_REQUEST when there is none, or it failed. */
  edit(text: string): Promise<string>;
  /** Calls back at Ctrl-C instead of ending the process, until the function it returns is called. */
  onInterrupt(listener: () => void): () => void;
}

/** What a command line asks for; gives the exit code. */
export type ChosenVerb = (cli: CliContext) => Promise<number>;
