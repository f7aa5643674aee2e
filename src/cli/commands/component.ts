import { type Command, Option } from 'commander';
import { componentFormats, componentGroups } from '../../config/component.ts';
import type { EntryContext } from '../../config/entry-context.ts';
import { profileValues } from '../../config/profile.ts';
import { secondsOption } from '../paired-options.ts';

/** `llm-bench component`: benchmarks of components, judged like a service. */
export function registerComponent(program: Command, context: EntryContext): void {
  const command = program
    .command('component')
    .description('Run the benchmarks of components (go test -bench and its like), read what they measure and judge it by the thresholds.')
    .option('--run <command>', 'the command, run by /bin/sh (default: the component: entries of llm-bench.yaml)')
    .addOption(new Option('--format <format>', 'what it prints or writes').choices(componentFormats))
    .option('--read <files...>', 'files that it writes, as globs (default: what it prints)')
    .option('--working-directory <folder>', 'where it runs')
    .option('--timeout <time>', 'longest time of one execution: 600, 30s or 10m (default: 5m)')
    .option('--config <file>', 'configuration file (default: llm-bench.yaml here or in .github/)')
    .option('--thresholds <file>', 'limits to judge by')
    .option('--only <component>', `one component alone, such as ${componentGroups.join(', ')}`)
    .option('--quick', 'a short time for each benchmark')
    .option('--baseline <files...>', 'results to compare with; several make a pool')
    .addOption(new Option('--mode <mode>', 'how to judge').choices(['auto', 'rules', 'screen', 'paired']))
    .option('--baseline-ref <ref>', 'measure in turn with this commit, branch or tag, checked out beside the working tree')
    .option('--limit <percent>', 'with --baseline-ref: the change that matters (default: by the thresholds, else 5)', Number)
    .option('--budget <time>', 'with --baseline-ref: longest time of measuring in turn: 600, 30s or 10m; profiles come after it', secondsOption, 300)
    .addOption(new Option('--profile <when>', 'when CPU and memory profiles are taken').choices(profileValues))
    .option('--profiles <folder>', 'where profiles go', 'reports')
    .option('--fail-on <verdict>', 'regressed, inconclusive or never')
    .option('--markdown', 'print the report as markdown')
    .option('--json', 'print the verdict as JSON')
    .option('--html', 'write an HTML report beside the result')
    .option('-o, --output <file>', 'where to write the result', 'component_results.json')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nExit: 0 ok, warn or inconclusive; 1 regressed or a limit broken; 2 bad usage, no benchmark, or a limit without its metric; 4 a command failed.',
    )
    .action(async () => {
      const { componentCommand } = await import('../component-command.ts');
      process.exitCode = await componentCommand(command, context);
    });
}
