import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commentValues, failOnValues, modes } from '../config/config-file.ts';
import type { EntryContext } from '../config/entry-context.ts';
import { ConfigError, ExitCode, UserError } from '../config/errors.ts';
import type { Override } from '../config/overrides.ts';
import { type Judging, loadJudging } from '../config/thresholds/load-thresholds.ts';
import { connect, type Repository } from '../github/client.ts';
import { type EventContext, readContext } from '../github/context.ts';
import type { ConcludeOptions } from '../jobs/gate/options.ts';
import { artifactName, defaultKeys } from '../publish/artifact.ts';
import { withoutCommands } from '../report/escape.ts';
import { readMatrix } from './matrix.ts';

/** What a step of a sub-action is given. */
export interface Step {
  core: typeof import('@actions/core');
  env: NodeJS.ProcessEnv;
  /** Null where it was left out or came to nothing. */
  input(name: string): string | null;
  /** The entries of an input of several, by lines or commas. */
  list(name: string): string[];
  context: EventContext;
  /** Null without a token. */
  repository: Repository | null;
  /** The workspace, or the folder in it that working-directory names. */
  root: string;
  /** What judges, by the configuration there and the inputs of this step. @param scenarios those that the results are of */
  judging(scenarios: readonly string[]): Promise<Judging>;
  /** What concluding takes, with the keys of this job. */
  concludeOptions(judging: Judging): ConcludeOptions;
}

/** Runs a step: its code is the exit code; what goes wrong fails the step with words a reader can act on. */
export async function step(entry: EntryContext, work: (given: Step) => Promise<ExitCode>): Promise<void> {
  const core = await import('@actions/core');
  try {
    process.exitCode = await work(await open(entry, core));
  } catch (error) {
    const known = error instanceof UserError;
    core.setFailed(
      known ? [error.message, error.hint].filter(Boolean).join('\n') : error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
    process.exitCode = known ? error.exitCode : ExitCode.usage;
  }
}

async function open(entry: EntryContext, core: Step['core']): Promise<Step> {
  const { env } = process;
  const input = (name: string) => env[`INPUT_${name.toUpperCase()}`]?.trim() || null;
  const root = resolve(env['GITHUB_WORKSPACE'] ?? '.', input('working-directory') ?? '.');
  const context = await readContext(env, (path) => readFile(path, 'utf8'));
  const token = input('github-token');
  const { apiUrl, owner, repo } = context;
  const keys = defaultKeys({ job: context.job, matrix: readMatrix(env['INPUT_MATRIX']) });
  const repository = token === null ? null : await connect({ token, apiUrl, owner, repo });
  return {
    core,
    env,
    input,
    list: (name) =>
      (input(name) ?? '')
        .split(/[,\n]/)
        .map((one) => one.trim())
        .filter((one) => one !== ''),
    context,
    root,
    repository,
    judging: (scenarios) =>
      loadJudging({
        cwd: root,
        builtinRoot: fileURLToPath(entry.packageRoot),
        configFile: input('config'),
        overrides: overridesOf(input),
        scenarios,
      }),
    concludeOptions: (judging) => ({
      config: { ...judging, failOn: judging.failOn ?? 'regressed' },
      context,
      repository,
      commentKey: input('comment-key') ?? keys.commentKey,
      artifactName: artifactName(input('artifact-name') ?? keys.artifactName),
      outputDirectory: join(env['RUNNER_TEMP'] ?? '/tmp', 'llm-bench', keys.commentKey),
      summaryFile: env['GITHUB_STEP_SUMMARY'] ?? null,
      env,
      log: logOf(core),
    }),
  };
}

/** The step's log; what strangers wrote into a result is no command to the runner. */
export function logOf({ info, warning }: Pick<Step['core'], 'info' | 'warning'>): ConcludeOptions['log'] {
  return { info: (text) => info(withoutCommands(text)), warning };
}

const settings = [
  ['thresholds', 'thresholds', null],
  ['mode', 'mode', modes.filter((mode) => mode !== 'paired')],
  ['fail-on', 'fail_on', failOnValues],
  ['comment', 'report.comment', commentValues],
] as const;

/** @throws ConfigError with every bad input */
function overridesOf(input: (name: string) => string | null): Override[] {
  const given = settings.flatMap(([name, key, allowed]) => {
    const value = input(name);
    return value === null ? [] : [{ name, key, value, allowed: allowed as readonly string[] | null }];
  });
  const issues = given.flatMap(({ name, value, allowed }) =>
    allowed === null || allowed.includes(value)
      ? []
      : [{ file: `input ${name}`, line: null, column: null, message: `expected one of ${allowed.join(', ')}, found ${JSON.stringify(value)}` }],
  );
  if (issues.length > 0) throw new ConfigError(issues);
  return given.map(({ name, key, value }) => ({ key, value, origin: `input ${name}` }));
}
