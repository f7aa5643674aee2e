/**
 * Uploads as a step of a workflow run does: in a process of its own, so that the runner's variables come from the environment, and the workflow commands
 * that the client prints do not end up among the output of the tests. Takes the request as JSON; the outcome is the last line.
 */
import { uploadResult } from '../../src/publish/artifact.ts';

console.log(JSON.stringify(await uploadResult(JSON.parse(process.argv[2] ?? ''))));
