import type { Socket } from 'node:net';
import type { Asked } from './known-request.ts';
import type { Stamps } from './known-truth.ts';
import { streamTail, tokenChunks, wholeAnswer } from './known-wire.ts';
import type { Random } from './random.ts';

/** An answer of the server of known timings, under way. */
export class KnownStream {
  readonly socket: Socket;
  /** Of its times; null where they do not vary. */
  readonly random: Random | null;
  /** When the next token is due. */
  dueMs = 0;
  private readonly stamps: Stamps;
  private readonly generation: number;
  private readonly asked: Asked;
  private readonly tokens: number;
  private readonly keepAlive: boolean;
  private readonly readMs: number;
  private lastMs = 0;
  private sent = 0;

  /** @param tokens of this answer, at least 1; @param readMs when its request was read */
  constructor(socket: Socket, stamps: Stamps, asked: Asked, tokens: number, keepAlive: boolean, readMs: number, random: Random | null) {
    this.socket = socket;
    this.stamps = stamps;
    this.generation = stamps.generation;
    this.asked = asked;
    this.tokens = tokens;
    this.keepAlive = keepAlive;
    this.readMs = readMs;
    this.random = random;
  }

  get complete(): boolean {
    return this.sent === this.tokens;
  }

  /** Stamps how far behind its schedule the next token is. */
  stampLateness(nowMs: number): void {
    if (this.generation === this.stamps.generation) this.stamps.late(nowMs - this.dueMs);
  }

  /** @returns whether the client keeps up */
  writeToken(nowMs: number): boolean {
    const { stamps, asked } = this;
    if (this.generation === stamps.generation) {
      if (asked.streamed) {
        if (this.sent === 0) stamps.first(nowMs - this.readMs);
        else stamps.gap(nowMs - this.lastMs);
      }
      stamps.tokens++;
    }
    this.lastMs = nowMs;
    const at = this.sent++;
    return asked.streamed ? this.socket.write(tokenChunks[at % tokenChunks.length]!) : true;
  }

  finish(): void {
    const { socket, tokens, asked } = this;
    socket.write(asked.streamed ? streamTail(tokens, asked.promptTokens, asked.withUsage) : wholeAnswer(tokens, asked.promptTokens));
    if (this.generation === this.stamps.generation) this.stamps.requests++;
    if (!this.keepAlive) socket.end();
  }
}
