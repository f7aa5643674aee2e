import type { BenchConfig } from '../config/bench-config.ts';
import { UserError } from '../config/errors.ts';
import type { LoadOutcome } from '../load/run.ts';
import { seriesId } from '../load/series-id.ts';
import { Monitor } from '../observe/monitor.ts';
import { ProcessSampler } from '../observe/process-sampler.ts';
import type { Sampler } from '../observe/sampler.ts';
import { ServerSampler } from '../observe/server-sampler.ts';
import type { ResultDocument } from '../result/document.ts';
import { type Observations, withObservations } from '../result/observed.ts';
import type { RunningService } from '../service/service.ts';
import { serviceState } from '../service/state.ts';

const metricsIntervalSeconds = 1;

type Watching = Pick<BenchConfig, 'observe' | 'target' | 'embedded'>;

/**
 * Watches a service that is up, for as long as it is measured.
 * @param headers those that every request to the target carries
 * @throws UserError (2) where a metrics page was asked for and cannot be read
 */
export async function observeService(service: RunningService, config: Watching, headers: Record<string, string>): Promise<Monitor> {
  const pages = metricsSamplers(service, config, headers);
  const monitor = await Monitor.start([...resourceSamplers(service, config), ...pages]);
  const asked = config.observe.metrics !== 'auto' || config.observe.custom_metrics.length > 0;
  const lacking = asked ? monitor.absent.find(({ sampler }) => pages.some(({ name }) => name === sampler)) : undefined;
  if (lacking === undefined) return monitor;
  await monitor.stop();
  throw new UserError(`observe.metrics: ${lacking.reason}`, {
    hint: 'Expected Prometheus text there. Correct the address or the series, or leave observe.metrics out.',
  });
}

function resourceSamplers(service: RunningService, { observe }: Watching): Sampler[] {
  const state = serviceState(service);
  return observe.resources && state !== null && state.cidfile === null ? [new ProcessSampler(state, observe.interval * 1000)] : [];
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

/** Quantities that a chart over time holds. */
const drawn: ReadonlySet<string> = new Set(['service_cpu_cores', 'service_memory_mb', 'server_requests_waiting', 'server_kv_cache_percent']);

/** Adds to a run's document what was seen while it ran. */
export async function addObservations(document: ResultDocument, outcome: LoadOutcome, scenario: string, monitor: Monitor): Promise<ResultDocument> {
  await monitor.sampleNow();
  return withObservations(document, observations(outcome, scenario, monitor));
}

function observations({ started, durationSeconds, phases }: LoadOutcome, scenario: string, monitor: Monitor): Observations {
  const startMs = Date.parse(started);
  let fromMs = startMs;
  const bySeries = new Map<string, ReturnType<Monitor['between']>>();
  for (const { phase, outcome } of phases) {
    bySeries.set(seriesId(scenario, phase.label), monitor.between(fromMs, fromMs + outcome.durationMs));
    fromMs += outcome.durationMs;
  }
  const perSecond = monitor.perSecond(startMs, Math.ceil(durationSeconds));
  return {
    whole: monitor.between(startMs, startMs + durationSeconds * 1000),
    bySeries,
    perSecond: new Map([...perSecond].filter(([name]) => drawn.has(name))),
    absent: monitor.absent,
    costPercent: monitor.costPercent(),
  };
}
