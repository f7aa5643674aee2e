import { Argument, type Command } from 'commander';

/** `llm-bench profile cpu|mem`: opens a captured profile in the browser. */
export function registerProfile(program: Command): void {
  program
    .command('profile')
    .description('Open a captured profile with `go tool pprof -http=:8080`.')
    .addArgument(new Argument('<kind>', 'which').choices(['cpu', 'mem']))
    .option('--profiles <folder>', 'where profiles are', 'reports')
    .option('--http <address>', 'where pprof listens', ':8080')
    .action(async (kind: 'cpu' | 'mem', flags: { profiles: string; http: string }) => {
      const { openProfile } = await import('../../jobs/profile/open-profile.ts');
      process.exitCode = await openProfile(kind, flags.profiles, flags.http, process.env);
    });
}
