// A package that lies on this host: the folder itself, looked at anew each time.
import { basename } from 'node:path';
import type { PackageSource } from '../../../ports/package-source.js';

/** The source that is this folder. */
export const createDirectorySource = (directory: string): PackageSource => ({
  place: directory,
  async fetch() {
    return {
      directory,
      shownAs: directory,
      revision: undefined,
      name: basename(directory),
      close: async () => {},
    };
  },
});
