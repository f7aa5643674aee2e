import { type Command, InvalidArgumentError } from 'commander';
import type { ExportOptions } from '../jobs/exports.ts';

/** The flags of `run` and `check` that say where figures go beside the result document. */
export interface ExportFlags {
  prometheusPort?: number;
  openmetrics?: string;
  otlp?: string | true;
}

/** Flags that say where figures go beside the result. */
export function addExportOptions(command: Command): Command {
  return command
    .option('--prometheus-port <port>', 'serve the live figures at http://127.0.0.1:PORT/metrics while it runs; 0 for a free port', parsePort)
    .option('--openmetrics <file>', 'write the result as OpenMetrics text too')
    .option('--otlp [url]', 'push the live figures and the result to an OpenTelemetry collector (default: OTEL_EXPORTER_OTLP_ENDPOINT)');
}

/** What those flags ask for; null where one is left out. */
export function exportsOf(flags: ExportFlags): ExportOptions {
  return { prometheusPort: flags.prometheusPort ?? null, openMetrics: flags.openmetrics ?? null, otlp: flags.otlp ?? null };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('expected a port from 0 to 65535');
  return port;
}
