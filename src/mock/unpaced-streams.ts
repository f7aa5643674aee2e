import type { KnownStream } from './known-stream.ts';

/** Streams that are written as fast as their clients read. */
export class UnpacedStreams {
  /** Those whose client keeps up. */
  private eager: KnownStream[] = [];
  private scheduled = false;

  add(stream: KnownStream): void {
    this.eager.push(stream);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.eager.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.write();
    });
  }

  /** One token for every stream whose client keeps up, in turn, so that reads stay small. */
  private write(): void {
    const turn = this.eager;
    this.eager = [];
    const nowMs = performance.now();
    for (const stream of turn) {
      if (stream.socket.destroyed) continue;
      const flowing = stream.writeToken(nowMs);
      if (stream.complete) stream.finish();
      else if (flowing) this.eager.push(stream);
      else stream.socket.once('drain', () => this.add(stream));
    }
    this.schedule();
  }
}
