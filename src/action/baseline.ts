import { resolve } from 'node:path';
import type { BaselineStore } from '../baseline/store.ts';
import type { BaselineSource } from '../config/bench-config.ts';
import type { EntryContext } from '../config/entry-context.ts';
import { ExitCode, UserError } from '../config/errors.ts';
import { listBaselines, pinBaseline, pushBaseline, renderRows, rowsOf } from '../jobs/baseline/baseline.ts';
import { compactAll } from '../jobs/baseline/compact-all.ts';
import { nightly } from '../jobs/baseline/nightly.ts';
import { openBaselines, parseStore } from '../jobs/baseline/open-baselines.ts';
import { logOf, type Step, step } from './step.ts';

/** What `command` may be. */
const commands = ['nightly', 'drift', 'compact', 'list', 'push', 'pin', 'unpin'] as const;
type Command = (typeof commands)[number];

/** The sub-action `baseline/`: the life of stored results in a workflow. */
export function start(entry: EntryContext): Promise<void> {
  return step(entry, async (given) => {
    const command = given.input('command') ?? 'nightly';
    if (!(commands as readonly string[]).includes(command))
      throw new UserError(`input command: expected one of ${commands.join(', ')}, found ${JSON.stringify(command)}`);
    await perform(command as Command, given);
    return ExitCode.ok;
  });
}

async function perform(command: Command, given: Step): Promise<void> {
  const { core, env, repository, root, input } = given;
  const judging = await given.judging([]);
  const named = input('store');
  const source = withBranch(named === null ? judging.baseline : parseStore(named), input('branch'));
  const log = logOf(core);
  const now = new Date().toISOString();
  const everyName = named === null && (judging.origins['baseline.artifact'] ?? 'default') === 'default';
  if (command === 'compact') {
    const reports = await compactAll({ source, everyName, repository, root, env, now });
    for (const { name, jobs, stored } of reports) log.info(stored === null ? `${name}: nothing to compact` : `${name}: ${jobs} runs in ${stored}`);
    return core.setOutput('stored', reports.flatMap(({ stored }) => stored ?? []).join(', '));
  }
  if (command === 'nightly' || command === 'drift') {
    const { thresholds } = judging;
    const summaryFile = env['GITHUB_STEP_SUMMARY'] ?? null;
    const reports = await nightly({ source, everyName, repository, root, env, thresholds, compact: command === 'nightly', summaryFile, now, log });
    const rows = reports.flatMap((report) => report.rows);
    core.setOutput('drift', JSON.stringify(rows));
    core.setOutput('new-drift', JSON.stringify(rows.filter(({ isNew, better }) => isNew && better !== true)));
    return;
  }
  const store: BaselineStore = await openBaselines({ source, root, env, repository, defaultBranch: given.context.defaultBranch });
  const tag = input('tag');
  const word = input('result') ?? 'latest';
  switch (command) {
    case 'list': {
      const rows = rowsOf((await listBaselines(store)).members).filter((row) => tag === null || row.tag === tag);
      log.info(rows.length === 0 ? store.whenEmpty() : renderRows(rows));
      return core.setOutput('results', JSON.stringify(rows));
    }
    case 'push': {
      const file = resolve(root, input('file') ?? 'bench_results.json');
      const stored = await pushBaseline({ store, file, tag, pin: input('pin') === 'true', headSha: async () => given.context.headSha, now });
      log.info(`stored as ${stored}`);
      return core.setOutput('stored', stored);
    }
    case 'pin':
    case 'unpin': {
      const { name, mark } = await pinBaseline(store, word, { pinned: command === 'pin', tag, now });
      log.info(`${command === 'pin' ? 'pinned' : 'unpinned'} ${name}${mark?.tag ? ` as ${mark.tag}` : ''}`);
      return core.setOutput('stored', name);
    }
  }
}

function withBranch(source: BaselineSource, branch: string | null): BaselineSource {
  if (branch === null) return source;
  if (source.kind !== 'artifact') throw new UserError('input branch belongs to artifacts: expected store: artifact:NAME');
  return { ...source, branch };
}
