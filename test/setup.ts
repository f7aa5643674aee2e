import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Loaded ahead of every test file: sources are compiled once, for these processes and for the many that tests start. */
const folder = fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url));
enableCompileCache(folder);
process.env['NODE_COMPILE_CACHE'] = folder;
