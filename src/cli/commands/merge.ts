import type { Command } from 'commander';

/** `llm-bench merge FILE... [-o OUT]`: one result out of several. */
export function registerMerge(program: Command): void {
  program
    .command('merge')
    .description('Add results: runs of one scenario, shards of one run, or results of several scenarios.')
    .argument('<files...>', 'result files')
    .option('-o, --output <file>', 'where to write the merged result (default: standard output)')
    .addHelpText(
      'after',
      '\nResults of `run --shard I/N` (and runs that overlap in time) are parts of one run: their rates and concurrencies add. Runs one after the other stand side by side as evidence.\nDistributions are added exactly, histogram by histogram.',
    )
    .action(async (files: string[], options: { output?: string }) => {
      const { mergeFiles } = await import('../../jobs/merge.ts');
      const merged = await mergeFiles(files, options.output ?? null);
      const { mergeWarnings } = await import('../../result/merge-whole.ts');
      for (const sentence of mergeWarnings(merged)) process.stderr.write(`warning: ${sentence}\n`);
      if (options.output === undefined) {
        const { formatResult } = await import('../../result/write.ts');
        process.stdout.write(formatResult(merged));
      } else {
        process.stderr.write(`merged ${files.length} results into ${options.output}: ${merged.series.length} series, ${merged.runs.length} runs\n`);
      }
    });
}
