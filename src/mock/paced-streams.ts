import { createAlarm } from './alarm.ts';
import { DueHeap } from './due-heap.ts';
import type { KnownStream } from './known-stream.ts';

/** Two rings of the alarm are at least this far apart: what falls due between them is written together, and stamped as it was. Bounds what keeping time costs. */
const ringSpacingMs = 0.4;
/** Tokens due within this are written at the same ring; sooner than an alarm could be set for them. */
const togetherMs = 0.03;

/** Streams that are written by their schedule. */
export class PacedStreams {
  private readonly due = new DueHeap<KnownStream>();
  private readonly gapMs: (stream: KnownStream) => number;
  private readonly alarm = createAlarm(() => this.writeDue());
  private lastRingMs = 0;

  /** @param gapMs how long after this token the stream's next one is due */
  constructor(gapMs: (stream: KnownStream) => number) {
    this.gapMs = gapMs;
  }

  add(stream: KnownStream, nowMs: number): void {
    this.due.add(stream);
    if (this.due.first() === stream) this.setAlarm(nowMs);
  }

  close(): void {
    this.alarm.close();
  }

  private setAlarm(nowMs: number): void {
    const first = this.due.first();
    if (first === undefined) this.alarm.clear();
    else this.alarm.set(Math.max(first.dueMs, this.lastRingMs + ringSpacingMs) - nowMs);
  }

  /** Writes every token that is due. */
  private writeDue(): void {
    const { due } = this;
    let nowMs = performance.now();
    this.lastRingMs = nowMs;
    for (let first = due.first(); first !== undefined && first.dueMs <= nowMs + togetherMs; first = due.first()) {
      if (first.socket.destroyed) due.shift();
      else {
        nowMs = performance.now();
        first.stampLateness(nowMs);
        first.writeToken(nowMs);
        if (first.complete) {
          due.shift();
          first.finish();
        } else {
          first.dueMs += this.gapMs(first);
          due.firstPutOff();
        }
      }
    }
    this.setAlarm(performance.now());
  }
}
