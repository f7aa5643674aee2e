import type { TargetConfig } from '../../config/target/target.ts';
import { probe } from '../../load/probe.ts';
import { wireContext } from '../../load/wire.ts';
import { createTransport, type TransportKind } from '../../protocol/connect.ts';
import type { Protocol, WireContext } from '../../protocol/protocol.ts';
import { protocols } from '../../protocol/registry.ts';
import type { EndedRequest } from '../../publish/dashboard/collector.ts';
import { targetHeaders } from '../../service/api-key.ts';
import type { Plan } from '../measure/plan.ts';

const connectTimeoutMs = 10_000;
const maxHeaderBytes = 64 * 1024;

export interface ServiceProbeOptions {
  plan: Plan;
  target: TargetConfig;
  baseUrl: string;
  env: NodeJS.ProcessEnv;
  root: string;
  transport: TransportKind;
}

/** One small request of the scenario now and then, on a connection of its own, to see that a service answers and how soon. */
export class ServiceProbe {
  private readonly options: ServiceProbeOptions;
  private readonly protocol: Protocol;
  private wire: WireContext;
  private sent = 0;

  constructor(options: ServiceProbeOptions) {
    const { plan, target, baseUrl, env, root } = options;
    const { scenario } = plan;
    const protocol = protocols.get(scenario.request.api);
    if (protocol === undefined) throw new Error(`unknown protocol ${scenario.request.api}`);
    this.options = options;
    this.protocol = protocol;
    this.wire = wireContext({ baseUrl, scenario, targetHeaders: targetHeaders(target, { env, root }, protocol.keyHeader), userAgent: 'llm-bench' });
  }

  async once(signal: AbortSignal): Promise<EndedRequest> {
    const { plan, baseUrl, transport } = this.options;
    const timeoutMs = plan.scenario.timeout * 1000;
    const connection = await createTransport({
      kind: transport,
      origin: new URL(baseUrl).origin,
      connections: 1,
      freshConnections: true,
      connectTimeoutMs: Math.min(connectTimeoutMs, timeoutMs),
      maxHeaderBytes,
    });
    try {
      const sentMs = performance.now();
      const { answer, context } = await probe(connection, this.protocol, plan.workload.request(this.sent++).spec, this.wire, timeoutMs, signal);
      if (answer.error === null) this.wire = context;
      return {
        latencyMs: performance.now() - sentMs,
        ttftMs: plan.scenario.request.stream && answer.firstOutputMs !== null ? answer.firstOutputMs - sentMs : null,
        outputTokens: answer.outputTokens ?? 0,
        error: answer.error,
      };
    } finally {
      await connection.close();
    }
  }
}
