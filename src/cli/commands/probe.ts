import type { Command } from 'commander';
import type { EntryContext } from '../../config/entry-context.ts';
import { secondsOption } from '../paired-options.ts';

/** `llm-bench probe URL [MODEL]`: is it there, and what can it do. */
export function registerProbe(program: Command, context: EntryContext): void {
  program
    .command('probe')
    .description('Look at a server that runs: health, models, one completion, streaming, usage, and what it is. Exit 4 where it cannot complete.')
    .argument('[url]', 'address of the server')
    .argument('[model]', 'model to ask for; default, the first that it lists')
    .option('--target <name>', 'a target by name, from config/targets.yaml')
    .option('--base-url <url>', 'the same as the first argument')
    .option('--model <name>', 'the same as the second argument')
    .option('--api-key-env <name>', 'environment variable that holds the API key')
    .option('--config <file>', 'configuration file (default: llm-bench.yaml here or in .github/)')
    .option('--timeout <time>', 'longest wait for an answer', secondsOption, 10)
    .option('--json', 'print the findings as JSON')
    .action(async (url: string | undefined, model: string | undefined, flags: ProbeFlags) => {
      const [{ configHere }, { UserError, ExitCode }, { probeServer }, { renderProbe }] = await Promise.all([
        import('../config-here.ts'),
        import('../../config/errors.ts'),
        import('../../jobs/probe/server.ts'),
        import('../../jobs/probe/print-probe.ts'),
      ]);
      const given: [string, unknown, string][] = [
        ['target', flags.target, '--target'],
        ['target.base_url', url ?? flags.baseUrl, url === undefined ? '--base-url' : 'URL'],
        ['target.model', model ?? flags.model, model === undefined ? '--model' : 'MODEL'],
        ['target.api_key_env', flags.apiKeyEnv, '--api-key-env'],
      ];
      const overrides = given.flatMap(([key, value, origin]) => (value === undefined ? [] : [{ key, value, origin: `flag ${origin}` }]));
      const config = await configHere(flags, overrides, context);
      const { base_url: address } = config.target;
      if (address === undefined || address.includes('${'))
        throw new UserError('probe: expected the address of a server that runs, found none', {
          hint: 'llm-bench probe http://localhost:8000 [MODEL]',
        });
      const report = await probeServer(config, process.env, flags.timeout * 1000);
      process.stdout.write(
        flags.json ? `${JSON.stringify(report, null, 2)}\n` : renderProbe(report, process.stdout.isTTY === true && !process.env['NO_COLOR']),
      );
      process.exitCode = report.usable ? ExitCode.ok : ExitCode.service;
    });
}

interface ProbeFlags {
  target?: string;
  baseUrl?: string;
  model?: string;
  apiKeyEnv?: string;
  config?: string;
  timeout: number;
  json?: boolean;
}
