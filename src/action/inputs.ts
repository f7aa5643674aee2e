import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { commentValues, failOnValues, modes } from '../config/config-file.ts';
import { parseDurationSeconds } from '../config/duration.ts';
import { ConfigError, type ConfigIssue } from '../config/errors.ts';
import type { Override } from '../config/overrides.ts';
import { suggestion } from '../config/yaml/near-miss.ts';

/** What the step was given, typed; null where an input was left empty. */
export interface ActionInputs {
  /** Settings that win over every file. */
  overrides: Override[];
  configFile: string | null;
  /** Relative to the workspace; `.` where left out. */
  workingDirectory: string;
  /** The branch or commit to compare with, instead of the event's own. */
  baseRef: string | null;
  /** The longest that base and head are measured in turn. */
  budgetSeconds: number;
  commentKey: string | null;
  /** The name that the baseline is uploaded under, and looked for where no other source was named. */
  artifactName: string | null;
  githubToken: string | null;
}

/** The default budget of a paired measurement (docs/verdicts.md). */
const defaultBudgetSeconds = 300;

/** Inputs that are settings as they stand, and the setting of each. */
const settings = [
  ['target', 'target'],
  ['command', 'target.command'],
  ['base-url', 'target.base_url'],
  ['model', 'target.model'],
  ['thresholds', 'thresholds'],
] as const;

/**
 * Reads the action's inputs from `INPUT_*`. An empty one was not given: an expression that came to nothing must not wipe out a file's setting.
 * @param exists whether a path (relative to the working directory) is there; tells a baseline file from an artifact's name
 * @throws ConfigError with every bad input at once
 */
export function loadInputs(env: NodeJS.ProcessEnv, exists: (path: string) => boolean = existsSync): ActionInputs {
  const issues: ConfigIssue[] = [];
  const overrides: Override[] = [];
  const input = (name: string) => env[`INPUT_${name.toUpperCase()}`]?.trim() || null;
  const override = (name: string, key: string, value: unknown) => value !== null && overrides.push({ key, value, origin: `input ${name}` });
  const oneOf = (name: string, allowed: readonly string[]) => {
    const value = input(name);
    if (value === null || allowed.includes(value)) return value;
    const message = `expected one of ${allowed.join(', ')}, found ${JSON.stringify(value)}${suggestion(value, allowed)}`;
    issues.push({ file: `input ${name}`, line: null, column: null, message });
    return null;
  };

  const workingDirectory = input('working-directory') ?? '.';
  const workspace = env['GITHUB_WORKSPACE'] ?? '.';
  const artifactName = input('artifact-name');
  for (const [name, key] of settings) override(name, key, input(name));
  override('scenario', 'scenario', scenarios(input('scenario')));
  override('mode', 'mode', oneOf('mode', modes));
  override('fail-on', 'fail_on', oneOf('fail-on', failOnValues));
  override('comment', 'report.comment', oneOf('comment', commentValues));
  const baseline = input('baseline');
  override(
    'baseline',
    'baseline',
    baseline === null ? null : baselineOf(baseline, (path) => exists(resolve(workspace, workingDirectory, path)), issues),
  );
  const budget = input('budget');
  const budgetSeconds = budget === null ? defaultBudgetSeconds : (parseDurationSeconds(budget) ?? 0);
  if (budgetSeconds <= 0) {
    const message = `expected a duration such as 300, 30s or 5m, found ${JSON.stringify(budget)}`;
    issues.push({ file: 'input budget', line: null, column: null, message });
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return {
    overrides,
    configFile: input('config'),
    workingDirectory,
    baseRef: input('base-ref'),
    budgetSeconds,
    commentKey: input('comment-key'),
    artifactName,
    githubToken: input('github-token'),
  };
}

/** One name, or several separated by commas or line breaks. */
function scenarios(text: string | null): string | string[] | null {
  if (text === null) return null;
  const names = text
    .split(/[,\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.length === 1 ? names[0]! : names;
}

const prefixes = { file: 'file', folder: 'folder', branch: 'git_branch', artifact: 'artifact' } as const;

/**
 * `none`; `file:PATH`, `folder:PATH`, `branch:NAME` (a git branch that holds baselines) or `artifact:NAME`; without a prefix a path that exists
 * or ends in .json is a file (a folder where it ends in a slash), anything else an artifact's name.
 */
function baselineOf(text: string, exists: (path: string) => boolean, issues: ConfigIssue[]): unknown {
  if (text === 'none') return 'none';
  const prefixed = /^(\w+):(.*)$/s.exec(text);
  if (prefixed) {
    const [, prefix = '', rest = ''] = prefixed;
    if (Object.hasOwn(prefixes, prefix) && rest.trim() !== '') return { [prefixes[prefix as keyof typeof prefixes]]: rest.trim() };
    const forms = Object.keys(prefixes).map((name) => `${name}:...`);
    const message = `expected none, a path, an artifact's name, or one of ${forms.join(', ')}, found ${JSON.stringify(text)}${suggestion(prefix, Object.keys(prefixes))}`;
    issues.push({ file: 'input baseline', line: null, column: null, message });
    return null;
  }
  if (text.endsWith('/')) return { folder: text };
  return text.endsWith('.json') || exists(text) ? { file: text } : { artifact: text };
}
