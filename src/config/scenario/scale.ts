import type { RetrievalConfig } from './retrieval.ts';
import type { LoadOptions } from './scenario.ts';

/** Times (seconds) and counts of a load, by the name that executors give them. */
const times = ['duration', 'width', 'period', 'think_time'] as const;
const counts = ['requests', 'total_requests', 'max_requests'] as const;
/** Below these a level would hold nothing that could be measured. */
const leastSeconds = 0.25;
const leastRequests = 2;
const leastEntries = 1000;

/**
 * A load with all its times and numbers of requests multiplied by `scale`, and its levels, rates and users kept: the same shape, sooner over.
 * Users join as much faster. At least a quarter of a second and two requests of each level are left.
 */
export function scaledLoad(load: LoadOptions, scale: number): LoadOptions {
  const scaled: Record<string, unknown> = { ...load };
  const time = (seconds: number) => (seconds === 0 ? 0 : Math.max(Math.min(seconds, leastSeconds), seconds * scale));
  for (const key of times) if (typeof scaled[key] === 'number') scaled[key] = key === 'think_time' ? scaled[key] * scale : time(scaled[key]);
  const levels = Array.isArray(scaled['levels']) ? scaled['levels'].length : 1;
  for (const key of counts) {
    if (typeof scaled[key] === 'number') scaled[key] = scaledCount(scaled[key], scale, key === 'total_requests' ? levels : 1);
  }
  if (typeof scaled['spawn_rate'] === 'number') scaled['spawn_rate'] /= scale;
  const { stages, window } = scaled as { stages?: { duration: number }[]; window?: { from: number; duration?: number } };
  if (stages) scaled['stages'] = stages.map((stage) => ({ ...stage, duration: time(stage.duration) }));
  if (window?.duration !== undefined) scaled['window'] = { ...window, duration: time(window.duration) };
  // A burst stays shorter than its period, whatever the least is.
  if (typeof scaled['width'] === 'number' && typeof scaled['period'] === 'number' && scaled['width'] >= scaled['period'])
    scaled['width'] = scaled['period'] * (Number(load['width']) / Number(load['period']));
  return scaled as LoadOptions;
}

/** A number of requests, shared by so many levels, of which each keeps two. */
export function scaledCount(count: number, scale: number, levels = 1): number {
  return Math.max(Math.min(count, leastRequests * levels), Math.round(count * scale));
}

/** An index of fewer vectors takes less time to build and to search exactly; a thousand are left. */
export function scaledRetrieval(retrieval: RetrievalConfig, scale: number): RetrievalConfig {
  return { ...retrieval, entries: Math.max(Math.min(retrieval.entries, leastEntries), Math.round(retrieval.entries * scale)) };
}

/** Warm-up requests are requests too; one is left where there were any. */
export function scaledWarmup(warmup: number, scale: number): number {
  return warmup === 0 ? 0 : Math.max(1, Math.round(warmup * scale));
}
