import { type Command, Option } from 'commander';
import { type DirectionWord, directionOfWord, directionWords } from '../../result/import/direction.ts';

interface ImportFlags {
  from?: string;
  direction?: DirectionWord;
  output?: string;
}

/** `llm-bench import [--from TOOL] FILE... [-o OUT]`: what another tool measured as a result. */
export function registerImport(program: Command): void {
  program
    .command('import')
    .description('Read what another benchmark tool wrote as a result; several files are several runs.')
    .argument('<files...>', 'files of one tool')
    .option(
      '--from <tool>',
      'vllm, guidellm, aiperf, genai-perf, inference-perf, llmperf, sglang, k6, locust, wrk, go-bench, pytest-benchmark, google-benchmark, criterion, hyperfine, vitest, jmh or custom (default: found by the content)',
    )
    .addOption(new Option('--direction <way>', 'which values are better, for custom formats (default: by the unit)').choices(directionWords))
    .option('-o, --output <file>', 'where to write the result (default: standard output)')
    .addHelpText(
      'after',
      '\n`compare`, `report`, `merge` and `drift` read such files as they are; import is for what they cannot guess, and to keep a result.',
    )
    .action(async (files: string[], flags: ImportFlags) => {
      const { importFormatNames } = await import('../../result/import/registry.ts');
      if (flags.from !== undefined && !importFormatNames.includes(flags.from)) {
        const { UserError } = await import('../../config/errors.ts');
        const { suggestion } = await import('../../config/yaml/near-miss.ts');
        throw new UserError(
          `--from ${JSON.stringify(flags.from)}: expected one of ${importFormatNames.join(', ')}${suggestion(flags.from, importFormatNames)}`,
        );
      }
      const { importFiles } = await import('../../jobs/import.ts');
      const direction = directionOfWord(flags.direction ?? null);
      const result = await importFiles({ files, from: flags.from ?? null, direction, output: flags.output ?? null });
      for (const note of result.imported?.notes ?? []) process.stderr.write(`warning: ${note}\n`);
      if (flags.output === undefined) {
        const { formatResult } = await import('../../result/write.ts');
        process.stdout.write(formatResult(result));
      } else {
        const counted = `${result.series.length} series, ${result.runs.length} run${result.runs.length === 1 ? '' : 's'}`;
        process.stderr.write(`${flags.output}: ${counted} of ${result.imported?.from}\n`);
      }
    });
}
