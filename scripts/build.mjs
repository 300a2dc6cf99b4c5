// Compiles with tsc and copies what tsc leaves behind (Lua scripts), so that dist/ runs on its own.
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outDir = process.argv[2] ?? 'dist';
const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--outDir', outDir], {
  cwd: root,
  stdio: 'inherit',
});
cpSync(join(root, 'src/adapters/redis/scripts'), join(root, outDir, 'src/adapters/redis/scripts'), {
  recursive: true,
});
process.exit(tsc.status ?? 1);
