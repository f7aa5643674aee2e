import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchConfig } from '../../config/bench-config.ts';
import { ExitCode, UserError } from '../../config/errors.ts';
import type { Scenario } from '../../config/scenario/scenario.ts';
import type { LoadControl } from '../../load/load-run.ts';
import { windowMs } from '../../publish/dashboard/collector.ts';
import type { LoadOrder } from '../../publish/dashboard/server.ts';
import { readResult } from '../../result/read.ts';
import { writeResult } from '../../result/write.ts';
import { ClientCheck } from '../measure/client-check.ts';
import { neighboursOf } from '../measure/neighbours.ts';
import type { MeasureOptions } from '../measure/options.ts';
import { type Plan, planScenario } from '../measure/plan.ts';
import { Side, startable } from '../measure/side.ts';
import { endedRequest } from './ended-request.ts';
import { type DashboardPlace, Live } from './live.ts';
import { ServiceProbe } from './service-probe.ts';
import { UserRamp } from './user-ramp.ts';

export interface DashboardOptions
  extends Pick<
    MeasureOptions,
    'config' | 'entry' | 'env' | 'signal' | 'logDirectory' | 'transport' | 'freshConnections' | 'selftest' | 'shape' | 'onState'
  > {
  place: DashboardPlace;
  intervalMs: number;
  baselineFile: string | null;
  /** Folder of past results, which those of loads started here are written to. */
  resultsFolder: string;
  /** Watch under no load of ours, with one request every so often; null: loads are started from the page. */
  monitorOnly: { probeIntervalMs: number } | null;
  /** What the page offers at first. */
  users: number;
  spawnRate: number | null;
  maxUsers: number;
  print: { out(text: string): void; err(text: string): void };
}

/** Probes that the figures of a service under no load of ours are of. */
const probesSeen = 6;

/** Live figures of one service on a page, until it is interrupted. Ended so, it ended well; 4 when the service ended before. */
export async function dashboard(options: DashboardOptions): Promise<ExitCode> {
  const { config, print, monitorOnly } = options;
  for (const warning of config.warnings) print.err(`warning: ${warning.message}`);
  if (config.embedded)
    print.err('No target was named: serving the embedded engine. Name one with --base-url, --command, --target or llm-bench.yaml.');
  const scenario = onlyScenario(config);
  const plan = await planWithNeighbours(monitorOnly === null ? interactive(scenario, options) : scenario, options);
  const baseline = options.baselineFile === null ? null : { name: options.baselineFile, document: await readResult(options.baselineFile) };
  const session = new Session(options, plan);
  const live = await Live.open({
    config,
    env: options.env,
    place: options.place,
    mode: monitorOnly === null ? 'interactive' : 'monitor',
    target: config.target.name,
    scenario: scenario.name,
    intervalMs: options.intervalMs,
    windowMs: Math.max(windowMs, monitorOnly === null ? 0 : probesSeen * monitorOnly.probeIntervalMs),
    monitoringFolder: join(config.root, config.output.monitoring_data),
    resultsFolder: join(config.root, options.resultsFolder),
    baseline,
    order: monitorOnly === null ? (order) => session.order(order) : null,
    warn: (sentence) => print.err(`warning: ${sentence}`),
  });
  print.out(`dashboard: ${live.link}\n`);
  try {
    return await session.go(live);
  } finally {
    await live.close();
  }
}

/** A page shows what its searches find from the first answer on. */
async function planWithNeighbours(scenario: Scenario, options: DashboardOptions): Promise<Plan> {
  const plan = await planScenario(scenario, startable(options), options.config.root);
  return { ...plan, neighbours: await neighboursOf(scenario, options.signal) };
}

/** A page shows one load. @throws UserError (2) */
function onlyScenario({ scenarios }: BenchConfig): Scenario {
  const [scenario, ...others] = scenarios;
  if (scenario === undefined || others.length > 0) {
    throw new UserError(`a dashboard shows the load of one scenario, found ${scenarios.map(({ name }) => name).join(', ')}`, {
      hint: 'Name one with --scenario.',
    });
  }
  return scenario;
}

/** The scenario's requests, sent by as many users as the page says. */
function interactive(scenario: Scenario, { users, maxUsers }: DashboardOptions): Scenario {
  const thinkTime = scenario.load['think_time' as keyof Scenario['load']];
  return {
    ...scenario,
    warmup: 0,
    load: {
      executor: 'interactive',
      users,
      max_users: maxUsers,
      duration: 20 * 24 * 3600,
      ...(thinkTime === undefined ? {} : { think_time: thinkTime }),
    },
  } as Scenario;
}

/** The service, and the loads that are started at it one after the other. */
class Session {
  private readonly options: DashboardOptions;
  private readonly plan: Plan;
  private live: Live | null = null;
  private side: Side | null = null;
  private running: Promise<void> | null = null;
  private ramp: UserRamp;
  private control: LoadControl | null = null;
  private stopAsked = false;
  private loads = 0;
  /** One for all loads: a client is certified once. */
  private check: ClientCheck | null = null;

  constructor(options: DashboardOptions, plan: Plan) {
    this.options = options;
    this.plan = plan;
    this.ramp = new UserRamp((users) => this.setUsers(users));
  }

  async go(live: Live): Promise<ExitCode> {
    const { options } = this;
    this.live = live;
    this.showControl(0, options.users, options.spawnRate);
    if (options.monitorOnly === null) this.check = new ClientCheck(this.measureOptions(), [this.plan]);
    let side: Side | null = null;
    try {
      side = await Side.open(this.measureOptions());
      if (side === null) return ExitCode.ok;
      const opened = side;
      side.stopped.addEventListener('abort', () => void this.tellCrash(opened));
      await this.check?.quiet();
      this.side = side;
      if (!side.stopped.aborted) live.update({ phase: 'ready' });
      const ended = new Promise<void>((resolve) => {
        if (options.signal.aborted) resolve();
        else options.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([ended, options.monitorOnly === null ? ended : this.probe(options.monitorOnly.probeIntervalMs)]);
      await ended;
      this.control?.finish();
      await this.running;
      return (await side.crashed()) === null ? ExitCode.ok : ExitCode.service;
    } finally {
      this.ramp.stop();
      await this.check?.close();
      await side?.close();
    }
  }

  /** @returns why it cannot be done; null when it is */
  order(order: LoadOrder): string | null {
    const { live, side } = this;
    if (live === null || side === null) return 'the service is not up yet';
    if (side.stopped.aborted) return 'the service is down';
    if (order.action === 'stop') {
      if (this.running === null) return 'no load is running';
      this.stopAsked = true;
      this.ramp.stop();
      live.update({ phase: 'stopping' });
      this.control?.finish();
      return null;
    }
    if (order.users > this.options.maxUsers) return `expected at most ${this.options.maxUsers} users (--max-users)`;
    if (order.action === 'start') {
      if (this.running !== null) return 'a load is running: change its users, or stop it first';
      if (order.users === 0) return 'expected at least one user to start with';
      this.stopAsked = false;
      this.ramp = new UserRamp((users) => this.setUsers(users));
      this.running = this.load().finally(() => {
        this.running = null;
      });
    } else if (this.running === null) return 'no load is running';
    this.showControl(this.ramp.users, order.users, order.spawn_rate);
    this.ramp.to(order.users, order.spawn_rate);
    return null;
  }

  private async load(): Promise<void> {
    const { live, side, plan, options, check } = this;
    if (live === null || side === null || check === null) return;
    const run = this.loads++;
    try {
      const document = await side.measure(plan, check, { plan: 0, run, round: run, budget: null });
      const file = join(options.config.root, options.resultsFolder, `dashboard-${document.timestamp.replaceAll(/[-:.]/g, '')}.json`);
      await writeResult(file, document);
      options.print.err(`written: ${file}`);
      if (!side.stopped.aborted) live.end('ended', `The result of this load is in ${file}.`);
    } catch (error) {
      live.end('ended', `The load failed: ${(error as Error).message}`);
    } finally {
      this.control = null;
      this.ramp.stop();
      this.showControl(0, this.ramp.wanted, this.ramp.rate);
    }
  }

  private setUsers(users: number): void {
    this.control?.setUsers(users);
    this.live?.setUsers(users);
    this.showControl(users, this.ramp.wanted, this.ramp.rate);
  }

  private showControl(users: number, wanted: number, spawnRate: number | null): void {
    if (this.options.monitorOnly === null) this.live?.update({ control: { users, wanted, spawn_rate: spawnRate, max_users: this.options.maxUsers } });
  }

  private measureOptions(): MeasureOptions {
    const { options } = this;
    return {
      ...options,
      runs: 1,
      progress: {
        line: (text) => options.print.err(text),
        scenarioStarted: () => {},
        snapshot: (snapshot) => this.live?.setInFlight(snapshot.inFlight),
        scenarioEnded: () => {},
      },
      onRecord: (record) => this.live?.record(endedRequest(record)),
      onMonitor: (monitor) => this.live?.watch(monitor),
      onControl: (control) => {
        this.control = control;
        this.live?.begin(this.plan.scenario.name, this.ramp.users);
        control.setUsers(this.ramp.users);
        if (this.stopAsked) control.finish();
      },
    };
  }

  /** One request every so often, until the service or the dashboard ends. */
  private async probe(intervalMs: number): Promise<void> {
    const { options, live, side, plan } = this;
    if (live === null || side === null) return;
    const { config, env, transport } = options;
    const probe = new ServiceProbe({ plan, target: config.target, baseUrl: side.baseUrl, env, root: config.root, transport });
    live.begin(plan.scenario.name, null);
    while (!side.stopped.aborted) {
      const request = await probe.once(side.stopped);
      if (request.error !== 'cancelled') live.record(request);
      await sleep(intervalMs, undefined, { signal: side.stopped }).catch(() => {});
    }
  }

  private async tellCrash(side: Side): Promise<void> {
    if (this.options.signal.aborted) return;
    const crash = await side.crashed();
    if (crash) {
      this.live?.crashed(crash.message.split('\n', 1)[0] as string);
      this.options.print.err(crash.message);
    }
  }
}
