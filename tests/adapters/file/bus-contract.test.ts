// The file bus keeps every contract of the ports.

import { rm } from 'node:fs/promises';
import { openFileBus } from '../../../src/adapters/file/open-file-bus.js';
import { tempDir } from '../../support/temp-dir.js';
import { busContract } from '../contract/bus-contract.js';
import type { OpenBus } from '../contract/bus-under-test.js';

const open: OpenBus = async (options) => {
  const home = await tempDir();
  let bus = await openFileBus({ home, ...options });
  return {
    bus,
    async reopen() {
      await bus.close();
      bus = await openFileBus({ home, ...options });
      return bus;
    },
    async close() {
      await bus.close();
      await rm(home, { recursive: true, force: true });
    },
  };
};

busContract('file bus', open);
