import type { BenchConfig } from '../../config/bench-config.ts';
import { UserError } from '../../config/errors.ts';
import type { ObserveConfig } from '../../config/observe.ts';
import type { LoadOutcome } from '../../load/load-run.ts';
import { seriesId } from '../../load/series-id.ts';
import { ClientSampler } from '../../observe/client-sampler.ts';
import { amdSmi, GpuSampler, nvidiaSmi } from '../../observe/gpu-sampler.ts';
import { MachineDetails } from '../../observe/machine-details.ts';
import { MachineSampler } from '../../observe/machine-sampler.ts';
import { membersOf } from '../../observe/members.ts';
import { Monitor } from '../../observe/monitor.ts';
import { ProcessDetails } from '../../observe/process-details.ts';
import { ProcessSampler } from '../../observe/process-sampler.ts';
import { RaplSampler } from '../../observe/rapl-sampler.ts';
import { ReplicaSampler } from '../../observe/replica-sampler.ts';
import type { Observed, Sampler } from '../../observe/sampler.ts';
import { ServerSampler } from '../../observe/server-sampler.ts';
import { ProcessLookout, ServiceProcesses } from '../../observe/service-processes.ts';
import { SocketSampler } from '../../observe/socket-sampler.ts';
import { startupMetrics } from '../../observe/startup.ts';
import type { ResultDocument } from '../../result/document.ts';
import { type Observations, withObservations } from '../../result/observed.ts';
import type { RunningService } from '../../service/service.ts';
import { type ServiceState, serviceState } from '../../service/state.ts';

const metricsIntervalSeconds = 1;

type Watching = Pick<BenchConfig, 'observe' | 'target' | 'embedded'>;

/**
 * Watches a service that is up, for as long as it is measured.
 * @param context.headers those that every request to the target carries
 * @throws UserError (2) where a metrics page, a GPU or the energy was asked for by name and cannot be read
 */
export async function observeService(
  service: RunningService,
  config: Watching,
  context: { headers: Record<string, string>; env: NodeJS.ProcessEnv },
): Promise<Monitor> {
  const { observe } = config;
  const pages = [...metricsSamplers(service, config, context.headers), ...replicaSamplers(service, config, context.headers)];
  const monitor = await Monitor.start([...resourceSamplers(service, config, context.env), ...pages]);
  await addGpus(monitor, observe, context.env);
  if (observe.energy !== false) await monitor.add(new RaplSampler(observe.energy_interval * 1000));
  const refusal =
    (observe.metrics !== 'auto' || observe.custom_metrics.length > 0 || observe.replicas !== undefined
      ? refusalOf('metrics', monitor, pages)
      : null) ??
    (observe.gpu === true ? refusalOf('gpu', monitor, gpuTools) : null) ??
    (observe.energy === true ? refusalOf('energy', monitor, [{ name: 'RAPL' }]) : null);
  if (refusal === null) return monitor;
  await monitor.stop();
  throw refusal;
}

const gpuTools = [nvidiaSmi, amdSmi];

/** The first tool that reads a GPU; where none does, the reason of each is kept. */
async function addGpus(monitor: Monitor, { gpu, energy_interval }: ObserveConfig, env: NodeJS.ProcessEnv): Promise<void> {
  if (gpu === false) return;
  for (const tool of gpuTools) {
    const before = monitor.absent.length;
    await monitor.add(new GpuSampler(tool, energy_interval * 1000, env));
    if (monitor.absent.length === before) {
      // Another vendor's tool is not missed.
      monitor.absent.splice(0, monitor.absent.length, ...monitor.absent.filter(({ sampler }) => !gpuTools.some(({ name }) => name === sampler)));
      return;
    }
  }
}

/** What was asked for by name and cannot be read; null where all of it can (of several GPU tools one is enough). */
function refusalOf(setting: 'metrics' | 'gpu' | 'energy', { absent }: Monitor, samplers: readonly { name: string }[]): UserError | null {
  const lacking = absent.filter(({ sampler }) => samplers.some(({ name }) => name === sampler));
  if (lacking.length === 0) return null;
  const hints = {
    metrics: 'Expected Prometheus text there. Correct the address or the series, or leave observe.metrics out.',
    gpu: 'Install the tool of your GPU (nvidia-smi, amd-smi), or leave observe.gpu out.',
    energy: 'RAPL needs an Intel or AMD processor, no virtual machine, and the right to read it; or leave observe.energy out.',
  };
  return new UserError(`observe.${setting}: ${lacking.map(({ reason }) => reason).join('; ')}`, { hint: hints[setting] });
}

/** What we started is watched by its processes; of what runs elsewhere only this machine and the client are known. */
function resourceSamplers(service: RunningService, { observe }: Watching, env: NodeJS.ProcessEnv): Sampler[] {
  if (!observe.resources) return [];
  const state = serviceState(service);
  const intervalMs = observe.interval * 1000;
  const own = state === null ? [] : serviceSamplers(state, portOf(service.baseUrl), { intervalMs, env });
  return [...own, new MachineSampler(intervalMs), new MachineDetails(), new ClientSampler(intervalMs)];
}

function serviceSamplers(state: ServiceState, port: number, { intervalMs, env }: { intervalMs: number; env: NodeJS.ProcessEnv }): Sampler[] {
  const processes = new ServiceProcesses(membersOf(state, env));
  return [
    new ProcessLookout(processes),
    new ProcessSampler(processes, intervalMs),
    new ProcessDetails(processes, state.cidfile !== null),
    new SocketSampler(port),
  ];
}

function portOf(baseUrl: string): number {
  const { port, protocol } = new URL(baseUrl);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** Any service gets the requests of its scenario and no more, unless it is known to publish metrics or the configuration says where. */
function metricsSamplers({ baseUrl }: RunningService, { observe, target, embedded }: Watching, headers: Record<string, string>): ServerSampler[] {
  const { metrics, custom_metrics } = observe;
  if (metrics === false) return [];
  const known = embedded || target.backend !== undefined || custom_metrics.length > 0;
  const pages = metrics === 'auto' ? (known ? [{}] : []) : metrics;
  return pages.map(({ url = '/metrics', preset, interval }, index) => {
    const address = new URL(url, baseUrl);
    return new ServerSampler({
      url: address.href,
      // A key for the service is for no other host.
      headers: address.origin === new URL(baseUrl).origin ? headers : {},
      intervalMs: (interval ?? metricsIntervalSeconds) * 1000,
      presets: preset ?? null,
      custom:
        index > 0 ? [] : custom_metrics.map(({ name, selector, unit, better, scale }) => ({ name, unit, better, of: [selector], scale: scale ?? 1 })),
    });
  });
}

/** Who answers, by a counter on the metrics pages. */
function replicaSamplers({ baseUrl }: RunningService, { observe }: Watching, headers: Record<string, string>): ReplicaSampler[] {
  const { metrics, replicas } = observe;
  if (replicas === undefined || metrics === false) return [];
  const pages = (metrics === 'auto' ? [{}] : metrics).map(({ url = '/metrics' }) => {
    const address = new URL(url, baseUrl);
    return { url: address.href, headers: address.origin === new URL(baseUrl).origin ? headers : {} };
  });
  return [new ReplicaSampler({ pages, intervalMs: metricsIntervalSeconds * 1000, ...replicas })];
}

/** Quantities that a chart over time holds. */
const drawn: ReadonlySet<string> = new Set(['service_cpu_cores', 'service_memory_mb', 'server_requests_waiting', 'server_kv_cache_percent']);

/** The end of the log that is searched for what a server says of its start. */
const startupLines = 1000;

/** How a service came up, told with the first run that it is measured by. */
export async function startupOf(service: RunningService, outcome: LoadOutcome, { startup_log }: ObserveConfig): Promise<Observed[]> {
  const logLines = service.startSeconds === null ? [] : await service.lastLogLines(startupLines);
  return startupMetrics({ startSeconds: service.startSeconds, firstAnswerMs: outcome.firstAnswerMs, logLines, pattern: startup_log ?? null });
}

/** Adds to a run's document what was seen while it ran. @param once what belongs to this run alone */
export async function addObservations(
  document: ResultDocument,
  outcome: LoadOutcome,
  context: { scenario: string; monitor: Monitor; once: readonly Observed[] },
): Promise<ResultDocument> {
  const { scenario, monitor, once } = context;
  await monitor.sampleNow();
  const seen = observations(outcome, scenario, monitor);
  const [first] = seen.bySeries.keys();
  if (first !== undefined) seen.bySeries.set(first, [...(seen.bySeries.get(first) ?? []), ...once]);
  return withObservations(document, { ...seen, whole: [...seen.whole, ...once] });
}

function observations(
  { started, durationSeconds, phases }: LoadOutcome,
  scenario: string,
  monitor: Monitor,
): Observations & { bySeries: Map<string, Observed[]> } {
  const startMs = Date.parse(started);
  let fromMs = startMs;
  const bySeries = new Map<string, Observed[]>();
  for (const { phase, outcome } of phases) {
    bySeries.set(seriesId(scenario, phase.label), monitor.between(fromMs, fromMs + outcome.durationMs));
    fromMs += outcome.durationMs;
  }
  const perSecond = monitor.perSecond(startMs, Math.ceil(durationSeconds));
  return {
    whole: monitor.between(startMs, startMs + durationSeconds * 1000),
    bySeries,
    perSecond: new Map([...perSecond].filter(([name]) => drawn.has(name))),
    replicas: monitor.replicas(startMs, startMs + durationSeconds * 1000),
    absent: monitor.absent,
    costPercent: monitor.costPercent(),
  };
}
