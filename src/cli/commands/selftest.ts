import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDurationSeconds } from '../../config/duration.ts';
import type { EntryContext } from '../../config/entry-context.ts';
import type { TransportKind } from '../../protocol/connect.ts';
import { listenForInterrupt } from '../interrupt.ts';

interface SelftestFlags {
  json?: boolean;
  concurrency: number;
  rate?: number;
  duration: number;
  firstTokenMs: number;
  tokenMs: number;
  tokens: number;
  transport: TransportKind;
}

/** `llm-bench selftest`: how true this client's own times are on this machine, what it can take and what it costs. */
export function registerSelftest(program: Command, context: EntryContext): void {
  program
    .command('selftest')
    .description('Drive this client at a server of known timings: its own error, its ceiling and its cost on this machine.')
    .option('--json', 'print the figures as JSON')
    .option('-c, --concurrency <users>', 'users, each streaming one answer after the other', numberFrom(1, 10_000, true), 64)
    .addOption(
      new Option('--rate <per second>', 'Poisson arrivals per second, instead of users')
        .argParser(numberFrom(0.001, 100_000))
        .conflicts('concurrency'),
    )
    .option('--duration <time>', 'how long the load of known timings lasts: 600, 30s or 10m', duration, 10)
    .option('--first-token-ms <ms>', 'what the server takes to its first token', numberFrom(0, 60_000), 50)
    .option('--token-ms <ms>', 'between two tokens of a stream', numberFrom(0.1, 60_000), 5)
    .option('--tokens <count>', 'tokens of an answer', numberFrom(2, 100_000, true), 100)
    .option('--transport <kind>', 'auto, socket or undici', transport, 'auto')
    .action(async (flags: SelftestFlags) => {
      const { printSelftest } = await import('../../jobs/measure/print-selftest.ts');
      const interrupt = listenForInterrupt((text) => void process.stderr.write(`${text}\n`));
      try {
        process.exitCode = await printSelftest({
          entry: context,
          plan: {
            concurrency: flags.concurrency,
            rate: flags.rate ?? null,
            seconds: flags.duration,
            ceilingSeconds: 1,
            firstTokenMs: flags.firstTokenMs,
            tokenMs: flags.tokenMs,
            tokens: flags.tokens,
          },
          transport: flags.transport,
          signal: interrupt.signal,
          json: flags.json === true,
          out: (text) => void process.stdout.write(text),
          err: (text) => void process.stderr.write(`${text}\n`),
        });
      } finally {
        interrupt.close();
      }
    });
}

function numberFrom(least: number, most: number, whole = false): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most) || (whole && !Number.isInteger(value)))
      throw new InvalidArgumentError(`expected a ${whole ? 'whole ' : ''}number from ${least} to ${most}`);
    return value;
  };
}

function duration(text: string): number {
  const seconds = parseDurationSeconds(text);
  if (seconds === null || !(seconds > 0)) throw new InvalidArgumentError('expected a duration above zero: 600, 30s or 10m');
  return seconds;
}

function transport(text: string): TransportKind {
  if (text !== 'auto' && text !== 'socket' && text !== 'undici') throw new InvalidArgumentError('expected auto, socket or undici');
  return text;
}
