import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FaultName } from './faults.ts';
import type { NativeWire } from './native-wires.ts';

const pieceBytes = 64 * 1024;
const resetDelayMs = 20;
const notJson = Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0x20, 0x7b, 0x22, 0xff, 0xfe, 0x00, 0xc3, 0x28, 0x80, 0x0a, 0x0a]);
const failure = 'The engine failed while it was generating.';
const engineError = `{"error":{"message":"${failure}","type":"server_error","param":null,"code":null}}`;

/**
 * Ends an answer in a way that no client should have to meet, after what was written so far.
 * @param body what the whole body would have been, for answers that are no streams.
 * @param native the wire that words its errors itself; null: OpenAI's
 */
export function breakAnswer(response: ServerResponse, fault: FaultName, stream: boolean, body: () => string, native: NativeWire | null): void {
  if (!stream && (fault === 'truncate' || fault === 'garbage' || fault === 'close_early'))
    response.writeHead(200, { 'content-type': 'application/json' });
  switch (fault) {
    case 'reset':
      // A reset throws away what the client has not read yet: leave it a moment to read what came before.
      setTimeout(() => setImmediate(() => response.socket?.resetAndDestroy()), resetDelayMs);
      return;
    case 'close_early':
      if (!stream) response.write(body().slice(0, 20));
      setImmediate(() => response.socket?.end());
      return;
    case 'truncate':
      if (stream) response.end();
      else response.end(body().slice(0, -20));
      return;
    case 'garbage':
      response.end(notJson);
      return;
    case 'error_event':
    case 'error_data':
      if (stream && native !== null) response.end(native.error(failure));
      else if (stream) response.end(`${fault === 'error_event' ? 'event: error\n' : ''}data: ${engineError}\n\n`);
      else response.writeHead(200, { 'content-type': 'application/json' }).end(engineError);
      return;
    default:
      // A stall: nothing more, until the client goes.
      return;
  }
}

/** Writes head, `bytes` times the letter x, and tail, in bounded pieces and no faster than the client reads. Ends early when the client goes. */
export async function writeHugeText(response: ServerResponse, head: string, bytes: number, tail: string): Promise<void> {
  const piece = Buffer.alloc(pieceBytes, 'x');
  const gone = once(response, 'close').catch(() => undefined);
  response.write(head);
  for (let left = bytes; left > 0 && !response.destroyed; left -= pieceBytes) {
    if (!response.write(left >= pieceBytes ? piece : piece.subarray(0, left))) await Promise.race([once(response, 'drain'), gone]);
  }
  if (!response.destroyed) response.write(tail);
}
