import type { ErrorKind } from '../../src/protocol/error-kind.ts';
import type { Answer, AnswerReader } from '../../src/protocol/protocol.ts';

export interface Reading {
  answer: Answer;
  /** Reads that brought output. */
  times: number[];
}

/** Reads an answer cut into pieces; piece i comes at (i + 1) ms. */
export function readPieces(
  reader: AnswerReader,
  pieces: readonly Buffer[],
  more: { status?: number; headers?: string[]; keepText?: boolean; fail?: ErrorKind } = {},
): Reading {
  const times: number[] = [];
  reader.begin({ output: () => times.push(reader.lastOutputMs) }, more.keepText ?? false);
  reader.headers(more.status ?? 200, more.headers ?? [], 0);
  let ms = 0;
  for (const piece of pieces) {
    // Bytes around the read are of other reads and mean nothing.
    const buffer = Buffer.concat([Buffer.from('\n"{'), piece, Buffer.from('}\n\n')]);
    reader.data(buffer, 3, 3 + piece.length, ++ms);
  }
  const answer = more.fail === undefined ? reader.end(ms + 1) : reader.fail(more.fail, `it was ${more.fail}`, ms + 1);
  return { answer, times };
}

/** An answer without its times. */
export const timeless = (answer: Answer): Answer => ({
  ...answer,
  firstChunkMs: null,
  lastChunkMs: null,
  firstOutputMs: null,
  lastOutputMs: null,
  finishedMs: null,
});

/** Bytes cut at these places. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((to, index) => bytes.subarray(cuts[index], to));
}
