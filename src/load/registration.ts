import type { SchemaRegistration } from '../config/scenario/request-template.ts';
import type { ErrorKind } from '../protocol/error-kind.ts';
import { plainHttp } from '../protocol/http.ts';
import type { Answer, RequestSpec, WireContext } from '../protocol/protocol.ts';
import { encodeRegistration, valueAt } from '../protocol/template.ts';
import type { ResponseSink, Transport } from '../protocol/transport.ts';
import type { CallSchema } from '../workload/request-spec.ts';

/** A schema as the server knows it, or why it does not. */
export type Registered = { ms: number; endedMs: number } & ({ schema: CallSchema } | { error: ErrorKind; message: string; status: number | null });

/** Makes schemas known to the server, by a call of its own that is timed apart. */
export class SchemaRegistrar {
  /** A schema is registered when it is first used, and not again. */
  private readonly once: boolean;
  private readonly registration: SchemaRegistration;
  private readonly transport: Transport;
  private readonly wire: WireContext;
  private readonly timeoutMs: number;
  private readonly underway = new Set<(kind: ErrorKind, message: string) => void>();
  /** Schemas that are reused, as the server knows them. */
  private readonly known = new Map<object, Promise<Registered>>();

  constructor(registration: SchemaRegistration, transport: Transport, wire: WireContext, timeoutMs: number, once: boolean) {
    this.once = once;
    this.registration = registration;
    this.transport = transport;
    this.wire = wire;
    this.timeoutMs = timeoutMs;
  }

  /**
   * The schema of a call as the server knows it: registered for this call, or with the first call that has the same one where they are reused.
   * @param template what calls with the same schema have in common
   * @returns with the time that this call spent on it, ms; null where an earlier one did
   */
  async registered(schema: CallSchema, spec: RequestSpec, template: object): Promise<{ told: Registered; ownMs: number | null }> {
    const known = this.once ? this.known.get(template) : undefined;
    const registering = known ?? this.register(schema, spec);
    if (this.once) this.known.set(template, registering);
    const told = await registering;
    // The next call tries again.
    if ('error' in told) this.known.delete(template);
    return { told, ownMs: known === undefined ? told.ms : null };
  }

  private register(schema: CallSchema, spec: RequestSpec): Promise<Registered> {
    const request = encodeRegistration(this.registration, schema, spec, this.wire);
    const reader = plainHttp.createReader();
    reader.begin(null, true);
    const begunMs = performance.now();
    return new Promise((resolve) => {
      const timer = setTimeout(() => abort('timeout_total', `no complete answer within ${this.timeoutMs / 1000} s`), this.timeoutMs);
      const settle = (answer: Answer, nowMs: number) => {
        clearTimeout(timer);
        this.underway.delete(abort);
        resolve({ ms: nowMs - begunMs, endedMs: nowMs, ...outcomeOf(answer, schema, this.registration.id) });
      };
      const sink: ResponseSink = {
        onConnected: () => {},
        onSent: () => {},
        onResent: () => {},
        onHeaders: (status, headers, nowMs) => reader.headers(status, headers, nowMs),
        reader,
        onEnd: (nowMs) => settle(reader.end(nowMs), nowMs),
        onError: (kind, message, nowMs) => settle(reader.fail(kind, message, nowMs), nowMs),
      };
      const abort = this.transport.send(request, sink);
      this.underway.add(abort);
    });
  }

  abort(message: string): void {
    for (const abort of [...this.underway]) abort('cancelled', message);
  }
}

function outcomeOf(
  answer: Answer,
  schema: CallSchema,
  pointer: string | undefined,
): { schema: CallSchema } | { error: ErrorKind; message: string; status: number | null } {
  const { error, errorMessage, status, text } = answer;
  if (error !== null) return { error, message: `schema registration: ${errorMessage ?? error}`, status };
  if (pointer === undefined) return { schema };
  let id: unknown;
  try {
    id = valueAt(JSON.parse(text ?? ''), pointer);
  } catch {
    // What is no JSON has nothing at the pointer.
  }
  if (typeof id !== 'string' && typeof id !== 'number')
    return { error: 'malformed', message: `schema registration: the answer has nothing at ${pointer}`, status };
  return { schema: { ...schema, id: String(id) } };
}
