import type { AlertsConfig, OutputConfig } from './alerts.ts';
import type { ComponentsConfig } from './component.ts';
import type { ConfigIssue } from './errors.ts';
import type { ObserveConfig } from './observe.ts';
import type { ProfileConfig } from './profile.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { TargetConfig } from './target/target.ts';
import type { Thresholds } from './thresholds/thresholds.ts';

export type Mode = 'auto' | 'rules' | 'screen' | 'paired';
export type FailOn = 'regressed' | 'inconclusive' | 'never';
export type CommentWhen = 'always' | 'on-change' | 'never';

/** Where the baseline comes from; `none` judges the limits alone. */
export type BaselineSource =
  | { kind: 'artifact'; artifact: string; branch: string | null }
  | { kind: 'folder'; folder: string }
  | { kind: 'file'; files: string[] }
  | { kind: 'git_branch'; branch: string }
  | { kind: 'none' };

/** Everything a job needs, fully resolved: nothing in here has a default left to fill in. */
export interface BenchConfig {
  target: TargetConfig;
  /** True when no target was named at all, so that the embedded engine is served. */
  embedded: boolean;
  scenarios: Scenario[];
  thresholds: Thresholds;
  baseline: BaselineSource;
  mode: Mode;
  failOn: FailOn;
  report: { comment: CommentWhen; html: boolean };
  /** What is watched beside the load. */
  observe: ObserveConfig;
  /** When somebody is told of live figures, and of scheduled runs. */
  alerts: AlertsConfig;
  output: OutputConfig;
  /** Benchmarks of components, measured in the same job. */
  components: ComponentsConfig;
  /** When profiles of what is measured are captured, and how. */
  profile: ProfileConfig;
  /** Folder that relative paths of the configuration are relative to. */
  root: string;
  /** Dotted path -> where the value came from: `flag --model`, `input mode`, `llm-bench.yaml:4:3`, `scenario quick_validation`, `default`. */
  origins: Record<string, string>;
  /** Non-fatal findings, printed once. */
  warnings: ConfigIssue[];
}
