import { isDistribution, type ResultDocument, type Series, type ValidityCheck } from './document.ts';

/** What the client and the server both time, by the same requests: client metric, what one unit of it is in ms, server metric, words. */
const pairs = [
  ['ttft_ms', 1, 'server_ttft_ms', 'TTFT'],
  ['latency_s', 1000, 'server_latency_ms', 'latency'],
] as const;

/** Counts that differ more than this are not of the same requests: others use the server, or its page was read at other times. */
const countTolerance = 0.02;
/** Below this many ms, or this share of the value, a gap is the network's ordinary part. */
const leastGapMs = 1;
const leastGapShare = 0.1;

/**
 * Holds the client's mean times against the server's own (means of histograms are exact). A gap beyond the errors of both is told: a network, a proxy, or a
 * queue before the server's clock begins, and where the client is the quicker, a clock or a definition that is another. Empty where nothing can be compared.
 */
export function serverAgreement(document: ResultDocument): ValidityCheck[] {
  const whole = document.series.filter(({ detail }) => !detail);
  const gaps = whole.flatMap((series) =>
    gapsOf(series, document.client.timing_error_ms?.p99 ?? 0).map(({ text, beyond }) => ({
      text: whole.length === 1 ? text : `${series.id}: ${text}`,
      beyond,
    })),
  );
  if (gaps.length === 0) return [];
  const far = gaps.filter(({ beyond }) => beyond);
  const shown = far.length > 0 ? far : gaps;
  return [
    {
      name: 'server_agrees',
      ok: far.length === 0,
      severity: 'advice',
      detail: shown
        .slice(0, 3)
        .map(({ text }) => text)
        .join('; '),
    },
  ];
}

function gapsOf({ metrics }: Series, clientErrorMs: number): { text: string; beyond: boolean }[] {
  return pairs.flatMap(([clientKey, toMs, serverKey, name]) => {
    const [client, server] = [metrics[clientKey], metrics[serverKey]];
    if (!client || !server || !isDistribution(client) || !isDistribution(server) || client.mean === null || server.mean === null) return [];
    if (client.count === 0 || Math.abs(server.count - client.count) > countTolerance * client.count) return [];
    const clientMs = client.mean * toMs;
    const gapMs = clientMs - server.mean;
    // Requests at the edges that only one side counted may be as slow as the slowest.
    const edgesMs = (Math.abs(server.count - client.count) / client.count) * (client.max ?? client.mean) * toMs;
    const boundMs = Math.max(leastGapMs, leastGapShare * server.mean) + Math.abs(clientErrorMs) + edgesMs;
    const text = `mean ${name} is ${clientMs.toFixed(1)} ms here and ${server.mean.toFixed(1)} ms by the server's own histogram, ${Math.abs(gapMs).toFixed(1)} ms ${
      gapMs >= 0 ? 'between the two (network, proxy, or a queue before its clock begins)' : 'less (another definition, or another clock)'
    }; expected within ${boundMs.toFixed(1)} ms`;
    return [{ text, beyond: Math.abs(gapMs) > boundMs }];
  });
}
