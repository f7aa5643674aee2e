import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import type { EntryContext } from '../../config/entry-context.ts';
import type { ReportFormat } from '../../jobs/report.ts';
import { type CompatName, compatNames } from '../../measure/compat.ts';

interface ReportFlags {
  scenario?: string;
  baseline?: string;
  thresholds?: string;
  format: ReportFormat;
  compat?: CompatName;
  output?: string;
}

/** `llm-bench report FILE...`: a result that was written earlier, rendered again. */
export function registerReport(program: Command, context: EntryContext): void {
  program
    .command('report')
    .description('Render results again: the console summary, markdown, an HTML page, JSON or CSV.')
    .argument('[files...]', 'result files, folders of `run-all` (with --scenario), or request logs (`run --log-requests`)')
    .option('--scenario <name>', 'this scenario alone, of a result that holds several or of a folder (default: the newest below results/)')
    .option('--baseline <file>', 'compare with this result, by rules')
    .option('--thresholds <file>', 'judge by these limits (default with --baseline: those of the configuration)')
    .addOption(new Option('--compat <name>', 'fold request logs by the definitions of this tool').choices(compatNames))
    .addOption(new Option('--format <format>', 'how to render').choices(['text', 'markdown', 'html', 'json', 'csv']).default('text'))
    .option('-o, --output <file>', 'where to write it (default: standard output)')
    .addHelpText('after', '\nCSV has the columns series,metric,stat,unit,value. Rendering never fails the check: that is what `compare` is for.')
    .action(async (files: string[], flags: ReportFlags) => {
      const { report } = await import('../../jobs/report.ts');
      const { scenarioFiles } = await import('../../jobs/one-scenario.ts');
      const text = await report({
        files: flags.scenario === undefined ? files : await scenarioFiles(flags.scenario, files, process.cwd()),
        scenario: flags.scenario ?? null,
        baseline: flags.baseline ?? null,
        thresholdsFile: flags.thresholds ?? null,
        format: flags.format,
        compat: flags.compat ?? null,
        color: flags.output === undefined && process.stdout.isTTY === true && !process.env['NO_COLOR'],
        cwd: process.cwd(),
        builtinRoot: fileURLToPath(context.packageRoot),
        warn: (sentence) => void process.stderr.write(`warning: ${sentence}\n`),
      });
      if (flags.output === undefined) process.stdout.write(text);
      else {
        const { writeText } = await import('../../jobs/write-text.ts');
        await writeText(flags.output, text);
        process.stderr.write(`wrote ${flags.output}\n`);
      }
    });
}
