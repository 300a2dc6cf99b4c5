// Whether something is there.
import { stat } from 'node:fs/promises';

/** True when the path leads to something; false also when it may not be looked at. */
export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
