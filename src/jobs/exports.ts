import { UserError } from '../config/errors.ts';
import { LiveTotals } from '../measure/live-totals.ts';
import type { Monitor } from '../observe/monitor.ts';
import { serveMetrics } from '../publish/metrics-server.ts';
import type { OtlpPusher } from '../publish/otlp.ts';
import { liveFamilies } from '../report/exposition/exposed-live.ts';
import { resultFamilies } from '../report/exposition/exposed-result.ts';
import { type Family, renderOpenMetrics, renderPrometheus } from '../report/exposition/exposition.ts';
import type { ResultDocument } from '../result/document.ts';
import type { MeasureOptions } from './measure/options.ts';
import { prepareToWrite, writeText } from './write-text.ts';

/** Where figures go beside the result document; null: nowhere. */
export interface ExportOptions {
  /** Serve them at http://127.0.0.1:PORT/metrics while the run goes on; 0: a free port. */
  prometheusPort: number | null;
  /** Write the result there in OpenMetrics text. */
  openMetrics: string | null;
  /** Push them to this collector; true: to the one that OTEL_EXPORTER_OTLP_ENDPOINT names. */
  otlp: string | true | null;
}

type Hooks = Pick<MeasureOptions, 'progress' | 'onRecord' | 'onMonitor'>;

/** The exports of one invocation. */
export interface Exports {
  /** The hooks of a measurement, with what the exports want to hear added. */
  listen(hooks: Hooks): Hooks;
  /** The result is there: it is written, and told with what is pushed last. */
  finish(document: ResultDocument): Promise<void>;
  /** @returns what went wrong, a sentence each */
  close(): Promise<string[]>;
}

/**
 * Opens what was asked for, before anything is started.
 * @throws UserError (2) for a port that cannot be had, a file that cannot be written, or a collector that is not named
 */
export async function openExports(
  options: ExportOptions,
  context: { env: NodeJS.ProcessEnv; version: string; say(line: string): void },
): Promise<Exports | null> {
  const { prometheusPort, openMetrics, otlp } = options;
  if (prometheusPort === null && openMetrics === null && otlp === null) return null;
  if (openMetrics !== null) await prepareToWrite(openMetrics);
  const collector = otlp === null ? null : collectorOf(otlp, context.env);
  const totals = new LiveTotals();
  let monitor: Monitor | null = null;
  let result: Family[] = [];
  const families = () => [...liveFamilies(totals, monitor?.latest() ?? new Map(), performance.now()), ...result];
  const server = prometheusPort === null ? null : await serveMetrics(prometheusPort, () => renderPrometheus(families()));
  if (server !== null) context.say(`Prometheus metrics at ${server.url}`);
  let pusher: OtlpPusher | null = null;
  if (collector !== null) {
    // The SDK is large: nobody loads it who does not ask for it.
    const { pushOtlp } = await import('../publish/otlp.ts');
    pusher = pushOtlp(collector.url, context.version, families);
  }
  return {
    listen: ({ progress, onRecord, onMonitor }) => ({
      progress: {
        ...progress,
        snapshot: (snapshot) => {
          totals.inFlight = snapshot.inFlight;
          progress.snapshot(snapshot);
        },
        scenarioEnded: () => {
          totals.inFlight = 0;
          progress.scenarioEnded();
        },
      },
      onRecord: (record, run) => {
        totals.record(record, performance.now());
        onRecord?.(record, run);
      },
      onMonitor: (one) => {
        monitor = one;
        onMonitor?.(one);
      },
    }),
    async finish(document) {
      result = resultFamilies(document);
      if (openMetrics !== null) await writeText(openMetrics, renderOpenMetrics(result));
    },
    async close() {
      const failed = await pusher?.close();
      await server?.close();
      return failed === undefined || failed === null ? [] : [failed];
    },
  };
}

function collectorOf(otlp: string | true, env: NodeJS.ProcessEnv): { url: string | null } {
  if (otlp === true) {
    const named = env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    if (named) return { url: null };
    throw new UserError('--otlp: expected the address of a collector, found none', {
      hint: 'Give it one (--otlp http://127.0.0.1:4318), or set OTEL_EXPORTER_OTLP_ENDPOINT.',
    });
  }
  if (/^https?:\/\/./.test(otlp) && URL.canParse(otlp)) return { url: otlp };
  throw new UserError(`--otlp: expected an address such as http://127.0.0.1:4318, found ${JSON.stringify(otlp)}`);
}
