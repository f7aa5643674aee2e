import type { Command } from 'commander';
import type { EntryContext } from '../../config/entry-context.ts';
import { openStore, resolveStore, type StoreFlags, storeHelp } from '../store-flags.ts';

const word = "a tag, a commit's first digits, a run, the name that list shows, or latest";

/** `llm-bench baseline list|show|push|pull|pin|unpin|prune|compact`: the life of stored results. */
export function registerBaseline(program: Command, context: EntryContext): void {
  const baseline = program.command('baseline').description('stored results: what is there, what enters, what stays');
  const command = (usage: string, description: string): Command =>
    baseline
      .command(usage)
      .description(description)
      .exitOverride()
      .option('--store <store>', storeHelp)
      .option('--branch <name>', 'of artifacts: the branch that baselines are of (default: the default branch)')
      .option('--config <file>', 'configuration file (default: llm-bench.yaml here or in .github/)');
  const open = (flags: StoreFlags) => openStore(flags, context);

  command('list', 'what is stored, newest first')
    .option('--json', 'as JSON')
    .option('--tag <name>', 'only what has this tag')
    .action(async (flags: StoreFlags & { json?: boolean; tag?: string }) => {
      const { listBaselines, renderRows, rowsOf } = await import('../../jobs/baseline/baseline.ts');
      const store = await open(flags);
      const { members, skipped } = await listBaselines(store);
      for (const line of skipped) say(`passed over: ${line}`);
      const rows = rowsOf(members).filter((row) => flags.tag === undefined || row.tag === flags.tag);
      if (flags.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      else if (rows.length > 0) process.stdout.write(renderRows(rows));
      else say(members.length === 0 ? store.whenEmpty() : `Nothing has the tag ${flags.tag}.`);
    });

  command('show [result]', `one stored result: ${word}`)
    .option('--json', 'the whole document')
    .action(async (result: string | undefined, flags: StoreFlags & { json?: boolean }) => {
      const { listBaselines, renderRows, rowsOf, select } = await import('../../jobs/baseline/baseline.ts');
      const member = select((await listBaselines(await open(flags))).members, result ?? 'latest');
      const { formatResult } = await import('../../result/write.ts');
      if (flags.json) return void process.stdout.write(formatResult(member.document));
      const { renderSummary } = await import('../../report/text.ts');
      process.stdout.write(renderRows(rowsOf([member])));
      process.stdout.write(
        `\n${renderSummary(member.document, { color: process.stdout.isTTY === true && !process.env['NO_COLOR'], savedTo: member.name })}`,
      );
    });

  command('push <file>', 'store a result; one that is not valid (exit 3), partial or not admissible (exit 2) is refused')
    .option('--tag <name>', 'label it with a version or any word')
    .option('--pin', 'keep it as an anchor')
    .action(async (file: string, flags: StoreFlags & { tag?: string; pin?: boolean }) => {
      const { pushBaseline } = await import('../../jobs/baseline/baseline.ts');
      const { readGit } = await import('../../jobs/measure/provenance.ts');
      const headSha = async () => (await readGit(process.cwd(), process.env)).sha;
      const store = await open(flags);
      say(`stored as ${await pushBaseline({ store, file, tag: flags.tag ?? null, pin: flags.pin === true, headSha, now: now() })}`);
    });

  command('pull [result]', `write a stored result to a file: ${word}`)
    .option('-o, --output <file>', 'where to', 'baseline.json')
    .option('--tag <name>', 'the newest that has this tag')
    .action(async (result: string | undefined, flags: StoreFlags & { output: string; tag?: string }) => {
      const { pullBaseline } = await import('../../jobs/baseline/baseline.ts');
      const { name } = await pullBaseline(await open(flags), flags.tag ?? result ?? 'latest', flags.output);
      say(`${flags.output} is ${name}`);
    });

  command('pin [result]', `keep a stored result as an anchor: pruning leaves it, drift is held against it; ${word}`)
    .option('--tag <name>', 'label it with a version or any word (default: the tag it has, else its commit)')
    .action(async (result: string | undefined, flags: StoreFlags & { tag?: string }) => {
      const { pinBaseline } = await import('../../jobs/baseline/baseline.ts');
      const { name, mark } = await pinBaseline(await open(flags), result ?? 'latest', { pinned: true, tag: flags.tag ?? null, now: now() });
      say(`pinned ${name} as ${mark?.tag}`);
    });

  command('unpin [result]', 'no longer keep it; its tag stays')
    .option('--tag <name>', 'the newest that has this tag')
    .action(async (result: string | undefined, flags: StoreFlags & { tag?: string }) => {
      const { pinBaseline } = await import('../../jobs/baseline/baseline.ts');
      const { name } = await pinBaseline(await open(flags), flags.tag ?? result ?? 'latest', { pinned: false, tag: null, now: now() });
      say(`unpinned ${name}`);
    });

  command('prune', 'remove stored results by number or age; what is pinned stays')
    .option('--keep <n>', 'the newest of each cohort that stay')
    .option('--max-age-days <days>', 'older ones go')
    .option('--dry-run', 'only say what would be removed')
    .action(async (flags: StoreFlags & { keep?: string; maxAgeDays?: string; dryRun?: boolean }) => {
      const { pruneBaselines } = await import('../../jobs/baseline/baseline.ts');
      const keep = await wholeNumber('--keep', flags.keep);
      const days = await wholeNumber('--max-age-days', flags.maxAgeDays);
      const before = days === null ? null : new Date(Date.now() - days * 86_400_000).toISOString();
      const { removed, remaining } = await pruneBaselines(await open(flags), { keep, before, dryRun: flags.dryRun === true });
      for (const name of removed) process.stdout.write(`${name}\n`);
      say(`${flags.dryRun ? 'would remove' : 'removed'} ${removed.length}`);
      if (remaining > 0) say(`${remaining} more are in compacted artifacts, which keep the last 50 of each cohort and expire by themselves`);
    });

  command('compact', 'keep the last 50 runs of each cohort in one artifact, so that they outlive their own (nightly)')
    .addHelpText(
      'after',
      '\nWithout --store and without a name in the configuration: every artifact name that begins with llm-bench-baseline, a job or matrix leg each.',
    )
    .action(async (flags: StoreFlags) => {
      const { compactAll } = await import('../../jobs/baseline/compact-all.ts');
      const { source, origin, repository, root } = await resolveStore(flags, context);
      const everyName = flags.store === undefined && origin === 'default';
      const reports = await compactAll({ source, everyName, repository, root, env: process.env, now: now() });
      for (const { name, stored, jobs, dropped, skipped } of reports) {
        for (const line of skipped) say(`passed over: ${line}`);
        say(
          stored === null
            ? `${name}: nothing to compact`
            : `${name}: ${jobs} runs in ${stored}${dropped > 0 ? `, ${dropped} older ones left out` : ''}`,
        );
      }
      if (reports.length === 0) say('nothing to compact: no baseline has been stored yet');
    });
}

async function wholeNumber(flag: string, text: string | undefined): Promise<number | null> {
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const { UserError } = await import('../../config/errors.ts');
  throw new UserError(`${flag} ${JSON.stringify(text)}: expected a whole number`);
}

const now = (): string => new Date().toISOString();

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
