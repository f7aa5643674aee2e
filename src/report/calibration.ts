import { markdownTable } from 'markdown-table';
import { stringify } from 'yaml';
import { type CalibratedMetric, type Calibration, calibratedMinutes, calibratedPools } from '../verdict/calibration.ts';
import type { Share } from '../verdict/simulate.ts';
import { type Escaping, forMarkdown, forTerminal } from './escape.ts';
import { metricName } from './names.ts';
import { formatDuration, formatLimitPercent, formatPercent, formatValue, plural } from './numbers.ts';
import { alignColumns, painter } from './terminal.ts';

/** What `llm-bench calibrate` prints for a terminal. */
export function renderCalibration(calibration: Calibration, options: { color: boolean }): string {
  const paint = painter(options.color);
  const { heading, rows } = table(calibration, forTerminal);
  const [title = '', ...lines] = alignColumns(heading, rows, alignment(heading));
  const blocks = [
    [paint('bold', `llm-bench: ${subject(calibration)}`)],
    [paint('bold', title), ...lines, ...legend],
    alarmLines(calibration),
    calibration.notes.map((note) => `Note: ${forTerminal.text(note)}`),
    [paint('bold', 'Thresholds for this machine and service, for llm-bench.yaml:'), suggestedThresholds(calibration).trimEnd()],
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

/** The same as markdown. */
export function renderCalibrationMarkdown(calibration: Calibration): string {
  const { heading, rows } = table(calibration, forMarkdown);
  const blocks = [
    `### llm-bench: ${subject(calibration)}`,
    markdownTable([heading, ...rows], { align: alignment(heading) }),
    legend.join(' '),
    alarmLines(calibration)
      .map((line) => `- ${line}`)
      .join('\n'),
    ...calibration.notes.map((note) => `Note: ${forMarkdown.text(note)}`),
    `Thresholds for this machine and service, for llm-bench.yaml:\n\n\`\`\`yaml\n${suggestedThresholds(calibration).replaceAll('```', "'''")}\`\`\``,
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** A `thresholds:` block with a limit for each metric that this noise allows, the others advising; what else the default thresholds say stays. */
export function suggestedThresholds({ metrics }: Calibration): string {
  const series: Record<string, Record<string, Record<string, number | boolean>>> = {};
  for (const { series: id, metric, suggested_limit_percent: limit } of metrics) {
    series[id] = { ...series[id], [metric]: limit === null ? { gate: false } : { max_regression_percent: limit } };
  }
  return stringify({ thresholds: { extends: 'default', series } }, { lineWidth: 0 });
}

function subject({ pairs, seconds_per_pair }: Calibration): string {
  return `noise of two sides that are alike, ${plural(pairs, 'pair')} of rounds of ${formatDuration(seconds_per_pair)} each`;
}

const legend: readonly string[] = [
  'Noise: standard deviation from run to run, and of the ratio of the two rounds of a pair.',
  'Found: the smallest change that is told from none nine times in ten, paired in so many minutes, or by a screen against a pool of so many runs.',
];

function table({ metrics }: Calibration, escaping: Escaping): { heading: string[]; rows: string[][] } {
  const several = metrics.some((metric) => metric.series !== metrics[0]?.series);
  const heading = [
    ...(several ? ['Series'] : []),
    'Metric',
    'Value',
    'Noise: runs',
    'pairs',
    ...calibratedMinutes.map((minutes, index) => `${index === 0 ? 'Found: ' : ''}${minutes} min`),
    ...calibratedPools.map((runs) => `pool ${runs}`),
    'Limit now: paired',
    'screen',
    'Suggested',
  ];
  const row = (metric: CalibratedMetric) => [
    ...(several ? [escaping.code(metric.series)] : []),
    escaping.text(metricName(metric.metric)),
    escaping.text(formatValue(metric.value, metric.unit)),
    formatPercent(metric.run_noise_percent),
    formatPercent(metric.pair_noise_percent),
    ...calibratedMinutes.map((minutes) => formatPercent(metric.paired_detectable_percent[minutes] ?? null)),
    ...calibratedPools.map((runs) => formatPercent(metric.screen_detectable_percent[runs] ?? null)),
    formatLimitPercent(metric.paired_limit_percent),
    formatLimitPercent(metric.screen_limit_percent),
    metric.suggested_limit_percent === null ? 'advise only' : formatLimitPercent(metric.suggested_limit_percent),
  ];
  return { heading, rows: metrics.map(row) };
}

function alignment(heading: readonly string[]): string[] {
  return heading.map((title) => (title === 'Series' || title === 'Metric' ? 'l' : 'r'));
}

function alarmLines({ false_alarms: { trials, paired, screen } }: Calibration): string[] {
  const share = ({ percent, standard_error }: Share) => `${percent.toFixed(2)} % (± ${standard_error.toFixed(2)})`;
  return [
    `False alarms of the present limits, ${plural(trials, 'simulated comparison')} of unchanged code drawn from these rounds (± Monte Carlo standard error):`,
    paired.regressed && paired.ok
      ? `paired, 5 minutes (${plural(paired.pairs, 'pair')}): regressed ${share(paired.regressed)}, ok ${share(paired.ok)}`
      : `paired: 5 minutes hold ${plural(paired.pairs, 'pair')} of such rounds, too few for a first look; shorter rounds (-n) would do`,
    `screen, pool of ${screen.pool}: regressed ${share(screen.regressed)}, ok ${share(screen.ok)}; other machines vary more than one does, and are not in it`,
  ];
}
