import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import type { EntryContext } from '../config/entry-context.ts';
import { UserError } from '../config/errors.ts';
import { isJoining, joinings, judgeLegs } from '../jobs/gate/merge-legs.ts';
import { setOutputs } from './outputs.ts';
import { step } from './step.ts';

/** The sub-action `merge/`: the results of a matrix or of shards as one, judged and told in one comment. */
export function start(entry: EntryContext): Promise<void> {
  return step(entry, async (given) => {
    const as = given.input('as') ?? 'auto';
    if (!isJoining(as)) throw new UserError(`input as: expected one of ${joinings.join(', ')}, found ${JSON.stringify(as)}`);
    const patterns = given.list('files');
    const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: given.root }).sort()).map((file) => resolve(given.root, file));
    if (patterns.length > 0 && files.length === 0) throw new UserError(`input files: nothing matches ${patterns.join(', ')} in ${given.root}`);
    const outcome = await judgeLegs({ ...given, files, prefix: given.input('artifacts') ?? 'llm-bench-baseline', as });
    setOutputs(given.core.setOutput, outcome);
    if (outcome.failure !== null) given.core.setFailed(outcome.failure);
    return outcome.exitCode;
  });
}
