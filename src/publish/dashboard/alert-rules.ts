import type { AlertCategory, AlertsConfig } from '../../config/alerts.ts';
import { timeoutKinds } from '../../protocol/error-kind.ts';
import type { LiveSample } from './sample.ts';
import type { StatusRow } from './status.ts';

/** Something that is not as it should be, as of one sample. */
export interface AlertFinding {
  /** The same for as long as it is the same trouble. */
  key: string;
  category: AlertCategory;
  severity: 'warn' | 'bad';
  title: string;
  detail: string;
  /** Told at once; else only when it has lasted. */
  atOnce: boolean;
}

/** What alerts are judged by. */
export interface AlertInput {
  sample: LiveSample;
  /** Requests that ended within the window. */
  requests: number;
  rows: readonly StatusRow[];
  /** Earlier values of a key, oldest first. */
  earlier(key: string): readonly (number | null)[];
  scenario: string;
  /** Why the service is known to be down; null where it is not. */
  crash: string | null;
  settings: AlertsConfig;
}

/** Fewer requests than this are no rate, whatever became of them. As many as there are probes of a service under no load of ours, or requests of a slow one. */
const enoughRequests = 5;
/** One request may fail for any reason. */
const enoughFailed = 2;
/** Readings that say what power draw is usual. */
const enoughReadings = 60;
const gone = ['refused', 'reset', 'dns', 'tls'];

/** Everything that is wrong now, of the categories that are wanted. Pure. */
export function findingsOf(input: AlertInput): AlertFinding[] {
  const wanted = new Set(input.settings.categories);
  return [...limitFindings(input), ...resourceFindings(input), ...stabilityFindings(input)].filter(({ category }) => wanted.has(category));
}

/** Every row that is red or yellow: of a limit on the value by what it measures, of a change against the baseline a regression. */
function limitFindings({ rows, requests, scenario }: AlertInput): AlertFinding[] {
  return rows.flatMap((row): AlertFinding[] => {
    if (row.light !== 'red' && row.light !== 'yellow') return [];
    const ofRequests = /^(ttft_ms|latency_s|error_rate|spike_rate|requests_per|tokens_per)/.test(row.key);
    if (ofRequests && requests < enoughRequests) return [];
    if (row.key === 'error_rate' && failedOf(row.value, requests) < enoughFailed) return [];
    const regression = /regression_percent|change_percent/.test(row.rule ?? '');
    const severity = row.light === 'red' ? 'bad' : 'warn';
    // A change either way is told in the table; only one to the worse is an alert.
    if (regression && /better/.test(row.rule ?? '')) return [];
    return [
      {
        key: `${regression ? 'regression' : 'limit'} ${row.key}`,
        category: regression ? 'stability' : categoryOf(row.key),
        severity,
        title: regression ? `regression against the baseline: ${row.key}` : limitTitle(row, scenario),
        detail: regression
          ? `${textOf(row.value, row.unit)}, baseline ${textOf(row.baseline, row.unit)} (${row.rule})`
          : `${textOf(row.value, row.unit)} (${row.rule})`,
        atOnce: false,
      },
    ];
  });
}

/** What a metric's limit is about. */
export function categoryOf(key: string): AlertCategory {
  if (key === 'error_rate') return 'stability';
  return /^(service|machine|gpu|cpu|client)_/.test(key) ? 'resource' : 'performance';
}

function limitTitle({ key, rule }: StatusRow, scenario: string): string {
  const below = /^(target |warn_)?min /.test(rule ?? '');
  const bound = rule?.startsWith('target ') ? 'target' : 'limit';
  if (key.startsWith('tokens_per_sec')) return `token throughput below its ${bound}`;
  if (key.startsWith('spike_rate')) return below ? 'spike rate below its range: the load may be insufficient' : 'spike rate above its range';
  if (/retrieval/.test(`${scenario} ${key}`) && /latency|_ms/.test(key)) return 'retrieval latency above its target';
  if (key.startsWith('ttft_ms')) return `TTFT above its ${bound}`;
  return `${key} ${below ? 'below' : 'above'} its ${bound}`;
}

function resourceFindings(input: AlertInput): AlertFinding[] {
  const { sample, settings } = input;
  const above = (reading: string, limit: number, title: string): AlertFinding[] => {
    const value = sample.values[reading] ?? null;
    return value === null || value < limit
      ? []
      : [
          {
            key: `resource ${reading}`,
            category: 'resource',
            severity: 'warn',
            title,
            detail: `${reading} ${textOf(value)}, limit ${limit}`,
            atOnce: false,
          },
        ];
  };
  return [
    ...above('machine_memory_percent', settings.memory_percent, 'memory near its limit'),
    ...above('service_cpu_percent', settings.cpu_percent, 'processor use of the service stays high'),
    ...above('machine_cpu_percent', settings.cpu_percent, 'processor use of the machine stays high'),
    ...above('gpu_temperature_celsius', settings.gpu_temperature_celsius, 'GPU may slow itself down: temperature'),
    ...['gpu_power_watts', 'cpu_package_power_watts'].flatMap((reading) => powerFinding(reading, input)),
  ];
}

/** Power draw under load that is far from what it usually was under load. */
function powerFinding(reading: string, { sample, earlier, settings }: AlertInput): AlertFinding[] {
  const value = sample.values[reading] ?? null;
  if (value === null || !(sample.values['requests_per_sec'] ?? 0)) return [];
  const load = earlier('requests_per_sec');
  const usual = earlier(reading).filter((one, at): one is number => one !== null && (load[at] ?? 0) > 0);
  if (usual.length < enoughReadings) return [];
  const middle = usual.toSorted((a, b) => a - b)[Math.floor(usual.length / 2)] as number;
  const change = middle > 0 ? (100 * (value - middle)) / middle : 0;
  if (Math.abs(change) < settings.power_change_percent) return [];
  return [
    {
      key: `resource ${reading}`,
      category: 'resource',
      severity: 'warn',
      title: 'unusual power draw',
      detail: `${reading} ${textOf(value)}, usually ${textOf(middle)} under load`,
      atOnce: false,
    },
  ];
}

function stabilityFindings({ sample, requests, earlier, crash }: AlertInput): AlertFinding[] {
  const { values } = sample;
  const found: AlertFinding[] = [];
  const stability = (key: string, severity: AlertFinding['severity'], title: string, detail: string, atOnce: boolean) =>
    found.push({ key: `stability ${key}`, category: 'stability', severity, title, detail, atOnce });
  if (crash !== null) stability('crash', 'bad', 'the service is down', crash, true);
  const perSecond = (kinds: readonly string[]) => kinds.reduce((sum, kind) => sum + (values[`errors.${kind}`] ?? 0), 0);
  if (requests >= 1 && values['error_rate'] === 100 && perSecond(gone) > 0)
    stability('unreachable', 'bad', 'the service does not answer', `all ${requests} requests failed to connect`, true);
  if (perSecond(timeoutKinds) > 0) stability('timeouts', 'warn', 'requests time out', `${textOf(perSecond(timeoutKinds))} per second`, true);
  const now = values['error_rate'] ?? null;
  if (now !== null && requests >= enoughRequests && failedOf(now, requests) >= enoughFailed) {
    const past = earlier('error_rate').filter((one) => one !== null);
    const before = past.length < 5 ? null : past.reduce((sum, one) => sum + one, 0) / past.length;
    if (before !== null && now >= 1 && now > 2 * before + 1)
      stability('error rate', 'bad', 'error rate is rising', `${textOf(now, '%')}, before ${textOf(before, '%')}`, false);
  }
  return found;
}

const failedOf = (errorRate: number | null, requests: number): number => Math.round((requests * (errorRate ?? 0)) / 100);

function textOf(value: number | null, unit = ''): string {
  return value === null ? 'not known' : `${Number(value.toPrecision(3))}${unit === '' ? '' : unit === '%' ? '%' : ` ${unit}`}`;
}
