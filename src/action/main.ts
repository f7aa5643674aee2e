import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EntryContext } from '../config/entry-context.ts';
import { ExitCode, UserError } from '../config/errors.ts';
import { loadConfig } from '../config/load.ts';
import { connect } from '../github/client.ts';
import { readContext } from '../github/context.ts';
import { gate } from '../jobs/gate/gate.ts';
import { executorSchemas } from '../load/executors/registry.ts';
import { artifactName, defaultKeys } from '../publish/artifact.ts';
import { knownSecrets } from '../service/known-secrets.ts';
import { loadInputs } from './inputs.ts';
import { readMatrix } from './matrix.ts';
import { setOutputs } from './outputs.ts';
import { logProgress } from './progress.ts';
import { stateName } from './state-name.ts';
import { logOf } from './step.ts';

/** The action's main step. */
export async function start(entry: EntryContext): Promise<void> {
  const core = await import('@actions/core');
  const interrupt = new AbortController();
  // A cancelled job gets SIGINT, 7.5 s later SIGTERM: the first one starts the orderly end.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort('interrupted'));
  try {
    const { env } = process;
    const inputs = loadInputs(env);
    const root = resolve(env['GITHUB_WORKSPACE'] ?? '.', inputs.workingDirectory);
    const [context, config] = await Promise.all([
      readContext(env, (path) => readFile(path, 'utf8')),
      loadConfig({
        cwd: root,
        builtinRoot: fileURLToPath(entry.packageRoot),
        configFile: inputs.configFile,
        overrides: inputs.overrides,
        env,
        executors: executorSchemas,
      }),
    ]);
    for (const secret of knownSecrets(config, env)) core.setSecret(secret);
    const log = logOf(core);
    const keys = defaultKeys({ job: context.job, matrix: readMatrix(env['INPUT_MATRIX']) });
    const outcome = await gate({
      config,
      baseRef: inputs.baseRef,
      pairedBudgetSeconds: inputs.budgetSeconds,
      entry,
      env,
      signal: interrupt.signal,
      progress: logProgress(log.info),
      logDirectory: join(env['RUNNER_TEMP'] ?? '/tmp', 'llm-bench', keys.commentKey, 'logs'),
      onState: (state) => core.saveState(stateName, JSON.stringify(state)),
      context,
      repository:
        inputs.githubToken === null
          ? null
          : await connect({ token: inputs.githubToken, apiUrl: context.apiUrl, owner: context.owner, repo: context.repo }),
      commentKey: inputs.commentKey ?? keys.commentKey,
      artifactName: artifactName(inputs.artifactName ?? keys.artifactName),
      outputDirectory: join(env['RUNNER_TEMP'] ?? '/tmp', 'llm-bench', keys.commentKey),
      summaryFile: env['GITHUB_STEP_SUMMARY'] ?? null,
      log,
    });
    setOutputs(core.setOutput, outcome);
    if (outcome.failure !== null) core.setFailed(outcome.failure);
    process.exitCode = outcome.exitCode;
  } catch (error) {
    const known = error instanceof UserError;
    core.setFailed(
      known ? [error.message, error.hint].filter(Boolean).join('\n') : error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
    process.exitCode = known ? error.exitCode : ExitCode.usage;
  }
}
