import { type Command, InvalidArgumentError } from 'commander';

/** `llm-bench known-schedule`: the server that `selftest` measures itself against, in the foreground, until SIGTERM or SIGINT. */
export function registerKnownSchedule(program: Command): void {
  program
    .command('known-schedule')
    .description('Serve OpenAI chat streams by a known schedule, to check what any client reports against GET /truth.')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes a free one', numberFrom(0, 65_535), 0)
    .option('--first-token-ms <ms>', 'from reading a request to writing its first token', numberFrom(0, 600_000), 50)
    .option('--token-ms <ms>', 'between two tokens of a stream', numberFrom(0.01, 600_000), 5)
    .option('--tokens <count>', 'tokens of an answer; fewer where max_tokens asks for fewer', numberFrom(1, 1_000_000), 200)
    .option('--jitter <share>', 'share by which every time varies at random, 0 to 1', numberFrom(0, 1), 0)
    .option('--seed <number>', 'same seed, same schedule', numberFrom(0, 2 ** 31), 42)
    .addHelpText(
      'after',
      '\nPOST /v1/chat/completions streams by the schedule, /unpaced/v1/chat/completions as fast as the client reads, POST /plain answers at once.\nGET /truth tells what was really done; POST /truth/reset starts anew.',
    )
    .action(async (flags: { host: string; port: number; firstTokenMs: number; tokenMs: number; tokens: number; jitter: number; seed: number }) => {
      // A signal that comes while it starts must not be lost; and whoever started it with a channel takes it along when it ends.
      const stopped = new Promise<void>((resolve) => {
        for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(event, () => resolve());
      });
      const { startKnownSchedule } = await import('../../mock/known-schedule.ts');
      const server = await startKnownSchedule({ ...flags, port: Math.floor(flags.port), tokens: Math.floor(flags.tokens) });
      process.stdout.on('error', () => undefined);
      process.stdout.write(`llm-bench known-schedule: listening on ${server.url}\n`);
      process.send?.({ url: server.url });
      await stopped;
      await server.close();
    });
}

function numberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most)) throw new InvalidArgumentError(`expected a number from ${least} to ${most}`);
    return value;
  };
}
