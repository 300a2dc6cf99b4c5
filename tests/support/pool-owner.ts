// A worker reduced to a pool with one turn, so that tests can SIGKILL it: runs the turn given as JSON in its first
// argument with another process kept warm, with a guard unless the second says otherwise.

import { createTurnAgent } from '../../src/adapters/claude/pool/turn-agent.js';
import { locateClaude } from '../../src/adapters/claude/start/locate-claude.js';
import { createGuard } from '../../src/adapters/host/attempt/guard.js';

const log = (): void => {};
const order = JSON.parse(process.argv[2] ?? '{}');
const guard = process.argv[3] === 'unguarded' ? undefined : createGuard({ log });
const agent = createTurnAgent({
  ...{ binary: locateClaude() ?? 'claude', log, maxProcesses: 2, idleMs: 60_000 },
  ...(guard ? { guard } : {}),
});
await agent.prepare(order.launch, 1);
await agent.run(order, { started() {}, message() {} }, new AbortController().signal);
