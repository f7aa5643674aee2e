import type { ErrorKind } from '../protocol/error-kind.ts';

/** Limits of one attempt in ms, the first from the schedule's time; null: none. `idle` is the time without a token once the first has come. */
export interface Deadlines {
  totalMs: number;
  firstTokenMs: number | null;
  idleMs: number | null;
}

/**
 * The deadline that has passed for an attempt; null while none has. Every time is of one clock. Pure.
 * @param startedMs when the attempt was started
 * @param lastOutputMs when its last output came; -1: none has
 */
export function passedDeadline(
  { totalMs, firstTokenMs, idleMs }: Deadlines,
  nowMs: number,
  startedMs: number,
  lastOutputMs: number,
): { kind: ErrorKind; message: string } | null {
  if (nowMs - startedMs >= totalMs) return { kind: 'timeout_total', message: `no complete answer within ${totalMs / 1000} s` };
  if (lastOutputMs < 0) {
    if (firstTokenMs !== null && nowMs - startedMs >= firstTokenMs)
      return { kind: 'timeout_first_token', message: `no first token within ${firstTokenMs / 1000} s` };
  } else if (idleMs !== null && nowMs - lastOutputMs >= idleMs) {
    return { kind: 'timeout_idle', message: `no token for ${idleMs / 1000} s` };
  }
  return null;
}
