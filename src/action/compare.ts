import { resolve } from 'node:path';
import type { EntryContext } from '../config/entry-context.ts';
import { UserError } from '../config/errors.ts';
import { judgeFiles } from '../jobs/gate/judge-files.ts';
import { directionOfWord, directionWords } from '../result/import/direction.ts';
import { setOutputs } from './outputs.ts';
import { step } from './step.ts';

/** The sub-action `compare/`: judges files that were measured already, by whatever tool. */
export function start(entry: EntryContext): Promise<void> {
  return step(entry, async (given) => {
    const said = given.input('direction');
    const word = directionWords.find((one) => one === said) ?? null;
    if (said !== null && word === null)
      throw new UserError(`input direction: expected one of ${directionWords.join(', ')}, found ${JSON.stringify(said)}`);
    const paths = (name: string) => given.list(name).map((path) => resolve(given.root, path));
    const outcome = await judgeFiles({
      ...given,
      current: resolve(given.root, given.input('current') ?? 'bench_results.json'),
      baselines: paths('baseline'),
      direction: directionOfWord(word),
    });
    setOutputs(given.core.setOutput, outcome);
    if (outcome.failure !== null) given.core.setFailed(outcome.failure);
    return outcome.exitCode;
  });
}
