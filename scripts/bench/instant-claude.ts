// A claude that costs nothing, for measuring what is left: leaves one file behind, answers at once, and writes down
// how long it lived. argv: [the file to append its lifetime to, ...the driver's own arguments].
import { appendFileSync, writeFileSync } from 'node:fs';

const [lifetimes = '', ...args] = process.argv.slice(2);
if (args.includes('--version')) {
  console.log('2.1.197 (Claude Code)');
  process.exit(0);
}

const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);

process.stdin.once('data', () => {
  writeFileSync('answer.txt', `${performance.timeOrigin}\n`);
  say({ type: 'system', subtype: 'init', session_id: 'bench' });
  say({ type: 'assistant', message: { role: 'assistant', content: [{ type: 'text', text: 'Done.' }] } });
  say({
    type: 'result',
    subtype: 'success',
    is_error: false,
    num_turns: 1,
    total_cost_usd: 0,
    usage: {},
    result: 'Done.',
  });
});
process.stdin.once('end', () => {
  appendFileSync(lifetimes, `${performance.now()}\n`);
  process.exit(0);
});
