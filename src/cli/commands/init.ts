import type { Command } from 'commander';

/** `llm-bench init [--force] [--dir D]`: a first configuration and workflow. */
export function registerInit(program: Command): void {
  program
    .command('init')
    .description('Write llm-bench.yaml and .github/workflows/llm-bench.yml to start from.')
    .option('--force', 'write over files that are there', false)
    .option('--dir <folder>', 'folder of the repository', '.')
    .action(async (options: { force: boolean; dir: string }) => {
      const { initProject } = await import('../../jobs/init.ts');
      const { files, defaultBranch } = await initProject(options);
      const lines = [
        ...files.map((file) => `wrote ${file}`),
        '',
        'Next:',
        '  1. In llm-bench.yaml, put the command that starts your service, or the base_url where it already runs.',
        '  2. Try it here: llm-bench run',
        `  3. Commit both files. The first push to ${defaultBranch} measures the baseline; from then on pull requests are compared with it.`,
      ];
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}
