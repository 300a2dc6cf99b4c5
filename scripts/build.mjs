// npm run build [-- <folder>]: compiles into dist/, or another folder.
import { build } from './prepare.mjs';

build(process.argv[2]);
