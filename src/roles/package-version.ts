// The version of this package, as it is in package.json.
import { readFileSync } from 'node:fs';
import { packagePath } from '../runtime/package-root.js';

const { version }: { version: string } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8'));

export const packageVersion = version;
