// A worker reduced to one attempt, so that tests can SIGKILL it: runs the order given as JSON in its first argument,
// with a guard unless the second says otherwise, and says `started <pid>` when claude runs.
import { createClaudeAgent } from '../../src/adapters/claude/agent.js';
import { locateClaude } from '../../src/adapters/claude/start/locate-claude.js';
import { createGuard } from '../../src/adapters/host/attempt/guard.js';

const log = (): void => {};
const order = JSON.parse(process.argv[2] ?? '{}');
const guard = process.argv[3] === 'unguarded' ? undefined : createGuard({ log });
const agent = createClaudeAgent({ binary: locateClaude() ?? 'claude', log, ...(guard ? { guard } : {}) });
const listener = { started: (pid: number) => console.log(`started ${pid}`), message: () => {} };
const end = await agent.run(order, listener, new AbortController().signal);
console.log(`ended ${end.kind}`);
await guard?.close();
