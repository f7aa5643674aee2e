import { InvalidArgumentError } from 'commander';
import { parseDurationSeconds } from '../config/duration.ts';

/** Values of flags that `ab` and `calibrate` share. */
export function secondsOption(text: string): number {
  const value = parseDurationSeconds(text);
  if (value === null || value <= 0) throw new InvalidArgumentError('expected a duration such as 300, 30s or 5m');
  return value;
}

/** The value of --format. @throws InvalidArgumentError */
export function formatOption(text: string): string {
  if (!['text', 'markdown', 'json'].includes(text)) throw new InvalidArgumentError('expected text, markdown or json');
  return text;
}
