/** A step of the action in a process of its own, as the runner starts it: `node action-process.ts main|post`. */
import { start } from '../../src/entry.ts';

await start(process.argv[2] ?? '');
