import { resolve } from 'node:path';
import { alertsOf } from '../alerts.ts';
import type { BenchConfig, FailOn } from '../bench-config.ts';
import { ConfigError, type ConfigIssue } from '../errors.ts';
import { checkOverrides, type Override } from '../overrides.ts';
import { profileOf } from '../profile.ts';
import { baselineSource } from '../resolve-baseline.ts';
import { resolveComponents } from '../resolve-components.ts';
import { expandParts, withLimitsOf } from '../scenario/parts.ts';
import { openScenarios, scenarioNames } from '../scenario/scenarios.ts';
import { readConfigFile, settingsOf } from '../settings.ts';
import { openFiles } from '../yaml/files.ts';
import { defaultOrigin, type Layers } from '../yaml/layers.ts';
import { resolveThresholds } from './resolve-thresholds.ts';
import type { Thresholds } from './thresholds.ts';

export interface LoadThresholdsOptions {
  cwd: string;
  /** The folder that holds the shipped config/. */
  builtinRoot: string;
  /** What `--config` named; null: llm-bench.yaml here or in .github/. */
  configFile: string | null;
  /** What `--thresholds` or the input named; null: those of llm-bench.yaml, else config/thresholds.yaml, else the shipped ones. */
  path: string | null;
  /** Where `path` was given: `flag --thresholds`. */
  origin: string;
  /** The scenarios that the results measured: the limits of those that have a file here hold too. */
  scenarios: readonly string[];
}

export interface LoadedThresholds {
  thresholds: Thresholds;
  /** What llm-bench.yaml says fails the check; null where it does not say. */
  failOn: FailOn | null;
  warnings: ConfigIssue[];
}

/** What judges a result that is already measured. */
export interface Judging
  extends Pick<BenchConfig, 'baseline' | 'mode' | 'report' | 'components' | 'profile' | 'root' | 'origins' | 'warnings' | 'alerts'> {
  thresholds: Thresholds;
  /** Null where nothing says what fails the check. */
  failOn: FailOn | null;
}

/**
 * The thresholds alone, for judging results that are already measured: no target, no load, no environment is asked for.
 * @throws ConfigError with every fault of the files that were read
 */
export async function loadThresholds(options: LoadThresholdsOptions): Promise<LoadedThresholds> {
  const { path, origin } = options;
  const { thresholds, failOn, warnings } = await loadJudging({
    ...options,
    overrides: path === null ? [] : [{ key: 'thresholds', value: path, origin }],
  });
  return { thresholds, failOn, warnings };
}

/** As `loadThresholds`, with all else that a verdict and its report depend on. @throws ConfigError with every fault of the files and flags */
export async function loadJudging(
  options: Pick<LoadThresholdsOptions, 'cwd' | 'builtinRoot' | 'configFile' | 'scenarios'> & { overrides: readonly Override[] },
): Promise<Judging> {
  const builtinRoot = resolve(options.builtinRoot);
  const files = openFiles(resolve(options.cwd));
  const warnings: ConfigIssue[] = [];
  const overrides = checkOverrides(options.overrides);
  files.issues.push(...overrides.issues);
  const settings = settingsOf(await readConfigFile(files, options.configFile, warnings), overrides.config);
  let limits: Layers = await resolveThresholds(settings.thresholds, files, builtinRoot);
  const known = new Set((await Promise.all([files.cwd, builtinRoot].map(scenarioNames))).flat());
  const library = openScenarios(files, builtinRoot);
  for (const name of new Set(options.scenarios)) {
    if (!known.has(name)) continue;
    const draft = await library.byName(name, defaultOrigin);
    if (draft) limits = withLimitsOf(limits, draft, await expandParts(draft, library, files.issues));
  }
  const components = await resolveComponents(settings.component, files, builtinRoot);
  if (files.issues.length > 0) throw new ConfigError(files.issues);
  const {
    mode,
    fail_on: failOn,
    report,
  } = settings.plain.value as Partial<Pick<BenchConfig, 'mode'>> & {
    fail_on?: FailOn;
    report?: Partial<BenchConfig['report']>;
  };
  const artifact = settings.baseline.origins.get('artifact');
  return {
    thresholds: { series: limits.value as Thresholds['series'] },
    failOn: failOn ?? null,
    mode: mode ?? 'auto',
    report: { comment: 'always', html: false, ...report },
    baseline: baselineSource(settings.baseline),
    components,
    profile: profileOf(settings.plain.value['profile']),
    alerts: alertsOf(settings.plain.value['alerts']),
    root: files.cwd,
    origins: {
      ...Object.fromEntries([...limits.origins].map(([key, origin]) => [`thresholds.series.${key}`, origin.label])),
      ...(artifact === undefined ? {} : { 'baseline.artifact': artifact.label }),
    },
    warnings,
  };
}
