#!/usr/bin/env node
// The door: reads the command line, opens what the chosen verb needs, and nothing else.
import { packageVersion } from './roles/package-version.js';
import { screenWishes } from './runtime/config/screen-wishes.js';
import { runCli } from './surfaces/cli/cli.js';
import { createTerminal } from './surfaces/cli/terminal/terminal.js';

/** What a shell gives for a program that nobody reads from any more (SIGPIPE). */
const NOBODY_READS = 141;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(NOBODY_READS);
    throw error;
  });
}

const terminal = createTerminal(process.stdout, process.stderr, screenWishes());
process.exitCode = await runCli(
  {
    version: packageVersion,
    terminal,
    stdin: process.stdin,
    address: async ({ url, apiKey }) => {
      const { loadConfig } = await import('./runtime/config/load-config.js');
      const { client } = loadConfig({ flags: { url, 'api-key': apiKey } }).config;
      return { url: client.url, apiKey: client.apiKey };
    },
    serve: async (flags) => (await import('./roles/serve.js')).serve(flags),
    diagnose: async () => (await import('./roles/doctor.js')).diagnose(),
    listPackages: async () => (await import('./roles/look-at-packages.js')).listPackages(),
    checkPackage: async (directory) => (await import('./roles/look-at-packages.js')).checkPackage(directory),
    atDesk: async (order, work) => (await import('./roles/desk.js')).atDesk(order, terminal.say, work),
    busHolder: async () => (await import('./roles/desk.js')).busHolder(),
    edit: async (text) => (await import('./roles/edit-text.js')).editText(text),
    onInterrupt: (listener) => {
      process.once('SIGINT', listener);
      return () => void process.off('SIGINT', listener);
    },
  },
  process.argv.slice(2),
);
