import type { Observed } from './sampler.ts';

/**
 * Lines in which servers say how long their model took to load; the first group is the number. vLLM 0.11 (`init engine (profile, create kv cache, warmup
 * model) took 12.34 seconds`, before it `Model loading took 14.99 GiB and 5.21 seconds`), llama.cpp (`load time = 123.45 ms`), SGLang (`Load weight end.
 * elapsed=3.21 s`), the embedded engine's own kind.
 */
const knownLines = [
  /init engine \(.*?\) took ([\d.]+) s/,
  /Model loading took [\d.]+ Gi?B and ([\d.]+) s/,
  /load time\s*=\s*([\d.]+) ms/,
  /Load weight end.*?elapsed=([\d.]+) ?s/,
  /[Mm]odel (?:loaded|initiali[sz]ed) in ([\d.]+) ?m?s/,
];

export interface StartupFigures {
  /** Spawn to ready, seconds; null where we did not start it. */
  startSeconds: number | null;
  /** The very first request, to its first output, ms. */
  firstAnswerMs: number | null;
  /** The log until it was ready. */
  logLines: readonly string[];
  /** Of the user, instead of the known ones. */
  pattern: string | null;
}

/**
 * How a service came up: until it was ready, until a first token could be had (the start and the first request one after the other, without what this client
 * did in between), and what its log says of the model. Empty where it was not started here.
 */
export function startupMetrics({ startSeconds, firstAnswerMs, logLines, pattern }: StartupFigures): Observed[] {
  if (startSeconds === null) return [];
  const init = initSeconds(logLines, pattern);
  const metric = (name: string, value: number | null): Observed[] => (value === null ? [] : [{ name, unit: 's', better: 'lower', value }]);
  return [
    ...metric('startup_ready_s', startSeconds),
    ...metric('startup_first_token_s', firstAnswerMs === null ? null : startSeconds + firstAnswerMs / 1000),
    ...metric('startup_model_init_s', init),
  ];
}

/** The sum of what the matching lines say: an engine loads its weights and then warms up. Null where no line tells. */
function initSeconds(lines: readonly string[], pattern: string | null): number | null {
  const patterns = pattern === null ? knownLines : [new RegExp(pattern)];
  let seconds: number | null = null;
  for (const line of lines) {
    for (const one of patterns) {
      const found = one.exec(line);
      const value = Number(found?.[1]);
      if (found === null || !Number.isFinite(value)) continue;
      const after = line.slice(found.index + found[0].indexOf(found[1]!) + found[1]!.length);
      seconds = (seconds ?? 0) + (/^\s*ms\b/.test(after) ? value / 1000 : value);
      break;
    }
  }
  return seconds;
}
