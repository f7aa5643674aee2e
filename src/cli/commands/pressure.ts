import type { Command } from 'commander';
import type { EntryContext } from '../../config/entry-context.ts';

/** `llm-bench pressure`: what `pressure:` of a scenario runs beside the service; ends with whoever started it. */
export function registerPressure(program: Command, context: EntryContext): void {
  program
    .command('pressure', { hidden: true })
    .description('Take processor, memory and disk for a bounded time.')
    .requiredOption('--cpu <threads>', 'threads that compute', Number)
    .requiredOption('--bytes <bytes>', 'memory to hold', Number)
    .requiredOption('--io <threads>', 'threads that write', Number)
    .requiredOption('--seconds <seconds>', 'when it ends', Number)
    .requiredOption('--folder <folder>', 'where temporary files go')
    .action(async (flags: { cpu: number; bytes: number; io: number; seconds: number; folder: string }) => {
      process.once('disconnect', () => process.exit(0));
      const { work } = await import('../../service/pressure-work.ts');
      await work(context.entryUrl, flags, () => process.send?.('ready'));
      process.exit(0);
    });
}
