import type { BenchConfig } from '../../config/bench-config.ts';
import { scenarioName } from '../../config/scenario/scenario.ts';
import type { Monitor } from '../../observe/monitor.ts';
import { AlertBook } from '../../publish/dashboard/alert-book.ts';
import { findingsOf } from '../../publish/dashboard/alert-rules.ts';
import type { EndedRequest } from '../../publish/dashboard/collector.ts';
import { Collector } from '../../publish/dashboard/collector.ts';
import { keepsLargest, SampleHistory } from '../../publish/dashboard/history.ts';
import { type LiveMetric, type LiveSample, loadMetrics, rounded } from '../../publish/dashboard/sample.ts';
import { DashboardServer, type LoadOrder } from '../../publish/dashboard/server.ts';
import type { DashboardHead, DashboardState, SampleEvent } from '../../publish/dashboard/state.ts';
import { type StatusRow, spikeLimitMs, statusOf } from '../../publish/dashboard/status.ts';
import { MonitoringStore, readMonitoring } from '../../publish/dashboard/store.ts';
import { type LiveTargets, liveTargets } from '../../publish/dashboard/targets.ts';
import { Webhook } from '../../publish/webhook.ts';
import type { ResultDocument } from '../../result/document.ts';
import { PastResults } from './past-results.ts';

/** Where the page is served. */
export interface DashboardPlace {
  host: string;
  port: number;
  token: string | null;
}

export interface LiveOptions {
  config: Pick<BenchConfig, 'thresholds' | 'alerts' | 'scenarios'>;
  env: NodeJS.ProcessEnv;
  place: DashboardPlace;
  mode: DashboardHead['mode'];
  target: string;
  scenario: string;
  intervalMs: number;
  /** How far back figures of requests go. */
  windowMs: number;
  /** Folder of samples; null: none are kept. */
  monitoringFolder: string | null;
  /** Folder whose results are the past runs. */
  resultsFolder: string;
  baseline: { name: string; document: ResultDocument } | null;
  /** Null: the load is not controlled from the page. */
  order: ((order: LoadOrder) => string | null) | null;
  warn(sentence: string): void;
}

/** As many as the page keeps. */
const mostSamples = 1800;
/** What is read of earlier samples: an hour or more at one a second. */
const restoredBytes = 16 * 1024 * 1024;

/** Everything live of one service: takes requests and readings, and once an interval makes of them a sample, its status and its alerts, for those who look. */
export class Live {
  private readonly collector: Collector;
  private readonly options: LiveOptions;
  private readonly samples = new SampleHistory(mostSamples, keepsLargest);
  private readonly book: AlertBook;
  private readonly store: MonitoringStore | null;
  private readonly webhook: Webhook | null;
  private readonly metrics: Record<string, LiveMetric> = {};
  private server: DashboardServer | null = null;
  private timer: NodeJS.Timeout | null = null;
  private monitor: Monitor | null = null;
  private status: StatusRow[] = [];
  private head: DashboardHead;
  private inFlight: number | null = null;
  private users: number | null = null;
  private crash: string | null = null;
  private storeFailure: string | null = null;
  private targets: LiveTargets;

  /** @throws UserError (2) for an address, a port, a folder or a webhook that cannot be used */
  static async open(options: LiveOptions): Promise<Live> {
    const { config, env, place, monitoringFolder, intervalMs } = options;
    const webhook = config.alerts.webhook_env === null ? null : Webhook.of(config.alerts.webhook_env, env, (sentence) => options.warn(sentence));
    const store = monitoringFolder === null ? null : await MonitoringStore.open(monitoringFolder);
    const live = new Live(options, store, webhook);
    if (monitoringFolder !== null) await live.restore(monitoringFolder);
    const past = new PastResults(options.resultsFolder);
    live.server = await DashboardServer.open({
      ...place,
      source: {
        state: () => live.state(),
        trend: async () => ({ results: await past.read() }),
        monitoringFolder,
        order: options.order,
      },
    });
    live.timer = setInterval(() => live.tick(Date.now()), intervalMs);
    return live;
  }

  private constructor(options: LiveOptions, store: MonitoringStore | null, webhook: Webhook | null) {
    this.options = options;
    this.store = store;
    this.webhook = webhook;
    this.collector = new Collector(options.windowMs);
    this.targets = this.targetsOf(options.scenario);
    const { alerts } = options.config;
    this.book = new AlertBook({ coolDownMs: alerts.cool_down * 1000, sustainedMs: alerts.sustained * 1000 });
    this.collector.spikeBeyondMs = spikeLimitMs(options.baseline?.document ?? null);
    this.head = {
      mode: options.mode,
      phase: 'starting',
      note: null,
      target: options.target,
      scenario: options.scenario,
      baseline: options.baseline?.name ?? null,
      stoppable: options.mode === 'run',
      control: null,
      exportable: options.monitoringFolder !== null,
      absent: [],
      window_seconds: options.windowMs / 1000,
    };
  }

  /** The address to open. */
  get link(): string {
    return this.server?.link ?? '';
  }

  /** Tells viewers what changed beside the figures. */
  update(change: Partial<DashboardHead>): void {
    this.head = { ...this.head, ...change };
    this.server?.viewers.send('head', this.head);
  }

  get phase(): DashboardHead['phase'] {
    return this.head.phase;
  }

  watch(monitor: Monitor): void {
    this.monitor = monitor;
    this.update({ absent: [...monitor.absent] });
  }

  /** A load begins. @param users null where it goes by a schedule */
  begin(scenario: string, users: number | null): void {
    this.collector.begin(Date.now());
    this.users = users;
    this.targets = this.targetsOf(scenario);
    this.update({ phase: 'running', scenario, note: null });
  }

  /** The load is over: nothing of it is judged any more. */
  end(phase: DashboardHead['phase'], note: string | null = null): void {
    this.users = this.options.mode === 'interactive' ? 0 : null;
    this.inFlight = 0;
    this.update({ phase, note });
  }

  setUsers(users: number): void {
    this.users = users;
  }

  setInFlight(inFlight: number): void {
    this.inFlight = inFlight;
  }

  /** @param nowMs when it became known; epoch ms */
  record(request: EndedRequest, nowMs = Date.now()): void {
    this.collector.add(request, nowMs);
  }

  /** The service ended by itself. */
  crashed(why: string): void {
    this.crash = why;
    this.end('crashed', why);
  }

  /** One sample, now. */
  tick(nowMs: number): void {
    const { thresholds, alerts } = this.options.config;
    const { requests, ...sample } = this.collector.sample(nowMs);
    const readings = [...(this.monitor?.latest() ?? [])];
    Object.assign(sample.values, { in_flight: this.inFlight, users: this.users });
    for (const [name, { value }] of readings) sample.values[name] = rounded(value);
    const fresh = this.learnMetrics(sample, readings);
    const loaded = this.head.phase === 'running' && this.options.mode !== 'monitor';
    const yardstick = { thresholds, series: this.head.scenario, baseline: this.options.baseline?.document ?? null, targets: this.targets };
    this.status = statusOf(sample, this.metrics, yardstick, loaded && this.collector.filled(nowMs) >= 1);
    const findings = findingsOf({
      sample,
      requests,
      rows: this.status,
      earlier: (key) => this.samples.series(key),
      scenario: this.head.scenario,
      crash: this.crash,
      settings: alerts,
    });
    const { told, over } = this.book.update(findings, nowMs);
    this.samples.add(sample);
    this.store?.add({ kind: 'sample', ...sample });
    const event: SampleEvent = { ...sample, status: this.status, ...(fresh === null ? {} : { metrics: fresh }) };
    this.server?.viewers.send('sample', event);
    for (const alert of [...told, ...over]) this.store?.add({ kind: 'alert', t: nowMs, alert });
    for (const alert of told) this.post(alert);
    if (told.length + over.length > 0) this.server?.viewers.send('alerts', this.book.history());
    this.warnOfStore();
  }

  async close(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.server?.close();
    await this.store?.close();
    await this.webhook?.close();
  }

  private targetsOf(scenario: string): LiveTargets {
    const { scenarios } = this.options.config;
    // By the name of the whole it is its first part: none has begun yet.
    const found = scenarios.find(({ name }) => name === scenario) ?? scenarios.find((one) => scenarioName(one) === scenario);
    return found === undefined ? {} : liveTargets(found);
  }

  private state(): DashboardState {
    return { head: this.head, metrics: this.metrics, columns: this.samples.columns(), status: this.status, alerts: this.book.history() };
  }

  /** What an earlier dashboard saw is there again. */
  private async restore(folder: string): Promise<void> {
    const alerts = new Map<string, Parameters<AlertBook['restore']>[0][number]>();
    for await (const line of readMonitoring(folder, restoredBytes)) {
      if (line.kind === 'alert') alerts.set(`${line.alert.toldMs} ${line.alert.id}`, line.alert);
      else this.samples.add(line);
    }
    this.book.restore([...alerts.values()], Date.now());
  }

  private learnMetrics(
    sample: LiveSample,
    readings: ReturnType<Monitor['latest']> extends Map<infer K, infer V> ? [K, V][] : never,
  ): Record<string, LiveMetric> | null {
    const fresh: Record<string, LiveMetric> = {};
    for (const [name, { gauge }] of readings) if (this.metrics[name] === undefined) fresh[name] = { unit: gauge.unit, better: gauge.better };
    for (const key of Object.keys(sample.values))
      if (this.metrics[key] === undefined && fresh[key] === undefined)
        fresh[key] = loadMetrics[key] ?? { unit: key.startsWith('errors.') ? 'requests/s' : '', better: 'lower' };
    if (Object.keys(fresh).length === 0) return null;
    Object.assign(this.metrics, fresh);
    return fresh;
  }

  private post(alert: ReturnType<AlertBook['history']>[number]): void {
    const { target, scenario } = this.head;
    const { title, detail, category, severity } = alert;
    this.webhook?.post({
      // What chat services show of a webhook.
      text: `llm-bench: ${title} on ${target} (${scenario}): ${detail}`,
      event: 'alert',
      target,
      scenario,
      category,
      severity,
      title,
      detail,
      since: new Date(alert.sinceMs).toISOString(),
    });
  }

  private warnOfStore(): void {
    const failure = this.store?.failure ?? null;
    if (failure !== null && this.storeFailure === null) this.options.warn(`samples cannot be kept in ${this.store?.folder}: ${failure}`);
    this.storeFailure = failure;
  }
}
