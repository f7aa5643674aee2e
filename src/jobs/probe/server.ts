import type { BenchConfig } from '../../config/bench-config.ts';
import { probe } from '../../load/probe.ts';
import { wireContext } from '../../load/wire.ts';
import { readStart } from '../../observe/response-start.ts';
import { serverKind } from '../../observe/server-kind.ts';
import { createTransport } from '../../protocol/connect.ts';
import { protocols } from '../../protocol/registry.ts';
import { resolveApiKey, targetHeaders } from '../../service/api-key.ts';
import { describeFailure } from '../../service/probe.ts';
import { bareSpec } from '../../workload/request-spec.ts';
import { messageMasker } from '../measure/mask-message.ts';
import {
  answerIn,
  completionFindings,
  healthFinding,
  isObject,
  modelsFinding,
  modelsIn,
  namesIn,
  type ProbeFinding,
  type Reply,
  succeeded,
} from './findings.ts';

export type { ProbeFinding } from './findings.ts';

export interface ProbeReport {
  url: string;
  model: string | null;
  /** What a completion needs worked: the exit code follows from it. */
  usable: boolean;
  findings: ProbeFinding[];
}

const patienceMs = 10_000;
const longestBody = 1024 * 1024;
const question = 'Say in one short sentence what you are.';
const answerTokens = 32;

/**
 * Looks at a server that runs: is it there, which models it lists, does it complete and stream, what it reports, and what it is. A missing /health
 * or list of models is told and does not fail; without a completion it is not usable.
 */
export async function probeServer(
  config: Pick<BenchConfig, 'target' | 'root'>,
  env: NodeJS.ProcessEnv,
  timeoutMs: number | null,
): Promise<ProbeReport> {
  const { target } = config;
  const base = (target.base_url ?? '').replace(/\/+$/, '');
  const inputs = { env, root: config.root };
  const key = resolveApiKey(target, inputs);
  const mask = messageMasker(key === null ? [] : [key.value]);
  const headers = targetHeaders(target, inputs);
  const waitMs = timeoutMs ?? patienceMs;
  // What is beside the API is asked beside it, also where the address is that of the API itself.
  const beside = base.replace(/\/v\d+[a-z0-9]*$/, '');
  const ask = (path: string) => request(path, beside, headers, waitMs);

  const [health, listed] = await Promise.all([ask('/health'), request(versioned(base, 'models'), base, headers, waitMs)]);
  const models = modelsIn(listed);
  const model = target.model ?? models?.[0]?.id ?? null;
  const findings: ProbeFinding[] = [healthFinding(health), modelsFinding(listed, models, target.model ?? null)];
  const completion = await request(versioned(base, 'chat/completions'), base, headers, waitMs, {
    ...(model === null ? {} : { model }),
    messages: [{ role: 'user', content: question }],
    max_tokens: answerTokens,
  });
  const answer = answerIn(completion);
  findings.push(...completionFindings(completion, answer, model));
  if (answer !== null) findings.push(...(await streamFindings(base, model, headers, waitMs)));
  findings.push(await kindFinding(ask, completion, models));
  return {
    url: base,
    model,
    usable: answer !== null && answer.text !== '',
    findings: findings.map((finding) => ({ ...finding, detail: mask(finding.detail) })),
  };
}

/** The path of an endpoint below the address, which may hold a version of its own. */
function versioned(base: string, name: string): string {
  return /\/v\d+[a-z0-9]*(?:\/|$)/.test(new URL(base).pathname) ? `/${name}` : `/v1/${name}`;
}

async function request(path: string, base: string, headers: Record<string, string>, timeoutMs: number, body?: unknown): Promise<Reply> {
  try {
    const response = await fetch(`${base}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, text: await readStart(response, longestBody), headers: response.headers, why: null };
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    return { status: null, text: '', headers: null, why: describeFailure(cause instanceof Error ? cause : error, timeoutMs) };
  }
}

/** Asked through the very transport and reader that measure. */
async function streamFindings(base: string, model: string | null, headers: Record<string, string>, timeoutMs: number): Promise<ProbeFinding[]> {
  const protocol = protocols.get('chat');
  if (protocol === undefined) return [];
  const { origin, pathname } = new URL(base);
  const transport = await createTransport({
    kind: 'auto',
    origin,
    connections: 1,
    freshConnections: false,
    connectTimeoutMs: timeoutMs,
    maxHeaderBytes: 64 * 1024,
  });
  try {
    const spec = {
      ...bareSpec,
      messages: [{ role: 'user' as const, content: question }],
      model,
      stream: true,
      maxTokens: answerTokens,
    };
    const wire = wireContext({
      baseUrl: `${origin}${pathname}`,
      targetHeaders: headers,
      scenario: { request: { api: 'chat', stream: true } },
      userAgent: 'llm-bench',
    });
    const sentMs = performance.now();
    const { context, answer } = await probe(transport, protocol, spec, wire, timeoutMs, AbortSignal.timeout(timeoutMs));
    if (answer.error !== null || !answer.streamed || answer.firstOutputMs === null) {
      const why =
        answer.error === null ? 'it answers in one piece: TTFT and ITL cannot be measured' : `${answer.error}: ${answer.errorMessage ?? ''}`;
      return [{ name: 'streaming', ok: false, detail: why }];
    }
    return [
      { name: 'streaming', ok: true, detail: `first token after ${Math.round(answer.firstOutputMs - sentMs)} ms` },
      answer.outputTokens === null
        ? { name: 'usage', ok: null, detail: 'a stream reports no usage: tokens will be counted here by a tokenizer' }
        : {
            name: 'usage',
            ok: true,
            detail: context.continuousUsage
              ? 'a stream reports usage; asking for it in every chunk (continuous_usage_stats) is not refused'
              : 'a stream reports usage at its end',
          },
    ];
  } finally {
    await transport.close();
  }
}

async function kindFinding(ask: (path: string) => Promise<Reply>, completion: Reply, models: ReturnType<typeof modelsIn>): Promise<ProbeFinding> {
  const [version, metrics, tags, info, props, sglang] = await Promise.all(
    ['/version', '/metrics', '/api/tags', '/info', '/props', '/get_server_info'].map(ask),
  );
  const kind = serverKind({
    server: completion.headers?.get('server') ?? null,
    ownedBy: (models ?? []).flatMap(({ ownedBy }) => ownedBy ?? []),
    version: version !== undefined && succeeded(version) ? version.text : null,
    metricNames: namesIn(metrics),
    answered: {
      tags: isObject(tags, 'models'),
      info: isObject(info, 'model_id'),
      props: isObject(props, 'default_generation_settings'),
      sglang: isObject(sglang, 'model_path'),
    },
  });
  return { name: 'server', ok: null, detail: kind === null ? 'nothing tells which server this is' : `it is ${kind}` };
}
