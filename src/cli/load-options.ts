import { type Command, InvalidArgumentError, Option } from 'commander';
import { UserError } from '../config/errors.ts';
import type { Override } from '../config/overrides.ts';
import { type LoadSetting, parseLoadSetting } from '../config/scenario/load-setting.ts';

/** Flags of the load, each with the setting that it overrides. Which executor they mean is told in docs/executors.md. */
export const loadSettings = [
  ['--executor <name>', 'load.executor', 'arrival pattern, such as closed, constant_rate, ramping_users or search (docs/executors.md)'],
  ['--rate <number>', 'load.rate', 'requests per second, by a schedule that does not wait for answers'],
  ['--burstiness <shape>', 'load.shape', 'with --rate: gamma gaps of this shape; 1 is Poisson, below 1 comes in bursts'],
  ['--users <count>', 'load.users', 'users to ramp up to'],
  ['--spawn-rate <number>', 'load.spawn_rate', 'users that join per second'],
  ['--max-in-flight <count>', 'load.max_in_flight', 'arrivals beyond this many requests in flight are dropped and counted'],
  ['--think-time <time>', 'load.think_time', 'pause of a user between an answer and its next request'],
  ['--trace <file>', 'load.file', 'replay this trace: Mooncake JSONL or Azure CSV'],
  ['--speed <factor>', 'load.speed', 'with --trace: replay this many times as fast'],
] as const;

const arrivals: Readonly<Record<string, string>> = { constant: 'constant_rate', poisson: 'poisson', gamma: 'gamma' };

/** Adds the flags of the load that stand for no single setting. */
export function addLoadOptions(command: Command): Command {
  return command
    .addOption(new Option('--arrival <kind>', 'with --rate: how arrivals are spread').choices(Object.keys(arrivals)))
    .option('--load <option=value>', "an option of the load's executor, such as max=50, unit=rate or levels=1,5,10; repeatable", collectSetting)
    .option('--retries [count]', 'send failed requests again, up to this many times (9, first after 2 s, where no count is given; 0: never)');
}

/** @throws UserError for a count that is none */
export function loadOverrides({ arrival, retries, load }: Readonly<Record<string, unknown>>): Override[] {
  const overrides: Override[] = [];
  if (arrival !== undefined) overrides.push({ key: 'load.executor', value: arrivals[String(arrival)], origin: 'flag --arrival' });
  if (retries !== undefined) overrides.push({ key: 'retry', value: retryOf(retries), origin: 'flag --retries' });
  for (const { option, value } of (load as LoadSetting[] | undefined) ?? [])
    overrides.push({ key: `load.${option}`, value, origin: `flag --load ${option}` });
  return overrides;
}

function collectSetting(text: string, previous: LoadSetting[] = []): LoadSetting[] {
  const setting = parseLoadSetting(text);
  if (setting === null) throw new InvalidArgumentError(`expected OPTION=VALUE, found ${JSON.stringify(text)}`);
  return [...previous, setting];
}

function retryOf(value: unknown): unknown {
  if (value === true) return true;
  const count = Number(value);
  if (!/^\d+$/.test(String(value)) || count > 99)
    throw new UserError(`--retries: expected a whole number from 0 to 99, found ${JSON.stringify(value)}`);
  return count === 0 ? false : { max_attempts: count + 1 };
}

/**
 * Two flags that set the same thing to different values (--duration 1m --run-time 2m, --executor closed --arrival poisson).
 * @throws UserError naming both
 */
export function refuseContradictions(overrides: readonly Override[]): void {
  const seen = new Map<string, Override>();
  for (const override of overrides) {
    const other = seen.get(override.key);
    if (other && String(other.value) !== String(override.value)) {
      const flag = ({ origin, value }: Override) => `${origin.replace(/^flag /, '')} (${String(value)})`;
      throw new UserError(`${flag(other)} and ${flag(override)} set the same thing, ${override.key}, to different values; give one of them`);
    }
    seen.set(override.key, override);
  }
}
