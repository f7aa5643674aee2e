/** Pushes results to a branch as a job does, in a process of its own: FOLDER BRANCH FIRST COUNT; one push for each. */
import { branchStore } from '../../src/baseline/branch-store.ts';
import { jobDocument } from './documents.ts';

const [folder = '', branch = '', first, count] = process.argv.slice(2);
const store = branchStore(branch, folder);
for (let n = Number(first); n < Number(first) + Number(count); n++) await store.push(jobDocument(n));
