// Profiles as folders: found in several directories, checked, merged along `extends`. Read anew each time, so that a
// mended profile counts at once.
import { AgenticoreError, type Check, messageOf } from '../../domain/errors.js';
import { mergeProfiles, type Profile } from '../../domain/profile.js';
import type { Log } from '../../ports/log.js';
import type { ProfileStore, ProfileSummary } from '../../ports/profile-store.js';
import { layOut } from './materialise.js';
import { findProfiles, type KnownProfiles, readChain } from './profile-chain.js';
import { isProfileName, type ProfileFolder } from './profile-folder.js';
import type { ProfileRepository } from './profile-repository.js';

export interface ProfileStoreOptions {
  /** The profiles that the package brings along. */
  readonly bundledDir: string;
  /** Further directories of profiles; later ones win, all of them over the bundled. They need not exist. */
  readonly searchDirs: readonly string[];
  /** Its profiles win over the bundled, and those of `searchDirs` over its own. */
  readonly repository?: ProfileRepository;
  readonly checkDocument: Check;
  readonly log: Log;
}

/** The profiles of these directories; nothing is read before it is asked for. */
export function createProfileStore({
  bundledDir,
  searchDirs,
  repository,
  checkDocument,
  log,
}: ProfileStoreOptions): ProfileStore {
  async function find(): Promise<KnownProfiles> {
    const fetched = await repository?.directory();
    const directories = [bundledDir, ...(fetched === undefined ? [] : [fetched]), ...searchDirs];
    return findProfiles(directories, (directory, error) =>
      log('profiles.unreadable', { directory, error }, 'warn'),
    );
  }

  async function open(
    name: string,
  ): Promise<{ readonly profile: Profile; readonly chain: readonly ProfileFolder[] }> {
    const known = await find();
    if (!isProfileName(name) || !known.has(name)) throw unknownProfile(name, known);
    const chain = await readChain(name, known, checkDocument);
    return {
      profile: mergeProfiles(
        name,
        chain.map(({ document }) => document),
      ),
      chain,
    };
  }

  async function summarise(name: string, source: string, known: KnownProfiles): Promise<ProfileSummary> {
    try {
      const chain = await readChain(name, known, checkDocument);
      const profile = mergeProfiles(
        name,
        chain.map(({ document }) => document),
      );
      const parent = chain.at(-1)?.document.extends ?? undefined;
      return {
        name,
        description: profile.description,
        source,
        profile,
        ...(parent === undefined ? {} : { extends: parent }),
      };
    } catch (error) {
      return { name, description: '', source, error: messageOf(error) };
    }
  }

  return {
    async list() {
      const known = await find();
      const names = [...known].sort(([a], [b]) => (a < b ? -1 : 1));
      return Promise.all(names.map(([name, source]) => summarise(name, source, known)));
    },
    async load(name) {
      return (await open(name)).profile;
    },
    async materialise(name, configDir, servers = {}) {
      const { profile, chain } = await open(name);
      return layOut({ profile, chain, configDir, servers, log });
    },
    repository: async () => repository?.standing(),
    sync: async (signal) => repository?.sync(signal),
  };
}

function unknownProfile(name: string, known: KnownProfiles): AgenticoreError {
  const shown = JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}...` : name);
  const names = [...known.keys()].filter(isProfileName).sort().join(', ');
  return new AgenticoreError('UNKNOWN_PROFILE', `There is no profile ${shown}; known: ${names}.`);
}
