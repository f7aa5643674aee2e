import { parseYaml } from '../yaml/source.ts';

/** An option of an executor as a flag gives it. */
export interface LoadSetting {
  option: string;
  value: unknown;
}

/**
 * `max=50`, `levels=1,5,10`, `stages=[{users: 5, duration: 10s}]`: the value is what it would be in a configuration file, and a list needs no brackets.
 * @returns null for a text that is no such setting
 */
export function parseLoadSetting(text: string): LoadSetting | null {
  const [, option, written] = /^\s*([a-z0-9_]+)\s*=(.*)$/s.exec(text) ?? [];
  if (option === undefined || written === undefined || written.trim() === '') return null;
  const bare = written.trim();
  const { value, issues } = parseYaml('flag --load', /^[^[{"',]+(,[^[{"',]+)+$/.test(bare) ? `[${bare}]` : bare);
  return issues.length > 0 ? null : { option, value };
}
