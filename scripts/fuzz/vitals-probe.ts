// Loaded into a server before it starts: at each SIGUSR2 it collects garbage, and writes what is left in memory into the
// file that AGENTICORE_TEST_VITALS names.
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const file = process.env.AGENTICORE_TEST_VITALS;
setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

process.on('SIGUSR2', () => {
  if (file === undefined) return;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(`${file}.new`, JSON.stringify({ heapBytes: heapUsed + external }));
  renameSync(`${file}.new`, file);
});
