// The verbs that are a server: for everybody over HTTP, or for the one MCP client that has started it.
import type { Argv } from 'yargs';
import type { ChosenVerb, ServeFlags } from './cli-context.js';

/** Adds `serve` and `stdio`. */
export const addServeVerbs = (parser: Argv, choose: (verb: ChosenVerb) => void): Argv =>
  addStdio(addServe(parser, choose), choose);

function addServe(parser: Argv, choose: (verb: ChosenVerb) => void): Argv {
  return parser.command(
    'serve',
    'Run the server',
    (command) =>
      command.options({
        port: {
          type: 'number',
          requiresArg: true,
          describe: 'Port to listen on (AGENTICORE_PORT; default 8200)',
        },
        host: {
          type: 'string',
          requiresArg: true,
          describe: 'Address to listen on (AGENTICORE_HOST; default 127.0.0.1)',
        },
        roles: {
          type: 'string',
          requiresArg: true,
          describe: 'Any of ingress,worker,gateway (AGENTICORE_ROLES; default all)',
        },
      }),
    ({ port, host, roles }) => {
      const flags: ServeFlags = {
        ...(port === undefined ? {} : { port }),
        ...(host === undefined ? {} : { host }),
        ...(roles === undefined ? {} : { roles }),
      };
      choose((cli) => cli.serve(flags));
    },
  );
}

const STDIO_EPILOGUE =
  'Put it into the configuration of an MCP client: {"command": "agenticore", "args": ["stdio"]}. Without REDIS_URL it is a whole server, or, where one runs already, a way to it. Logs go to standard error; it leaves when its standard input ends.';

function addStdio(parser: Argv, choose: (verb: ChosenVerb) => void): Argv {
  return parser.command(
    'stdio',
    'Serve one MCP client on standard input and output',
    (command) => command.epilogue(STDIO_EPILOGUE),
    () => choose((cli) => cli.serve({ transport: 'stdio' })),
  );
}
