import type { EntryContext } from '../config/entry-context.ts';
import { ExitCode } from '../config/errors.ts';
import { commentOnFork } from '../jobs/gate/comment-on-fork.ts';
import { step } from './step.ts';

/** The sub-action `comment/`: comments for a pull request whose own run may not, from a `workflow_run` of the base repository. */
export function start(entry: EntryContext): Promise<void> {
  return step(entry, async (given) => {
    const urls = await commentOnFork({ ...given, prefix: given.input('artifacts') ?? 'llm-bench-baseline' });
    given.core.setOutput('comment-url', urls[0] ?? '');
    given.core.setOutput('comment-urls', JSON.stringify(urls));
    return ExitCode.ok;
  });
}
