// A process that opens the file bus of argv[2], says so, and holds it until it is killed or its stdin ends.
import { openFileBus } from '../../../../src/adapters/file/open-file-bus.js';

const bus = await openFileBus({ home: process.argv[2] ?? '', leaseMs: 60_000 });
process.stdout.write(`${process.pid}\n`);
process.stdin.resume().on('end', async () => {
  await bus.close();
  process.exit(0);
});
