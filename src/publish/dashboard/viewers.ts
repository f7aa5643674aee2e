import type { ServerResponse } from 'node:http';

/** Bytes that may wait for one viewer. */
const mostWaiting = 256 * 1024;
const mostViewers = 32;
const keepAliveMs = 15_000;

interface Viewer {
  response: ServerResponse;
  skipped: number;
  timer: NodeJS.Timeout;
}

/**
 * Those who look, by server-sent events. An event is written once for all of them; one who does not read gets no more than a bounded buffer, and is told how
 * many updates it missed when it reads again.
 */
export class Viewers {
  private readonly viewers = new Set<Viewer>();

  get count(): number {
    return this.viewers.size;
  }

  /** False where there are too many: the caller answers instead. */
  add(response: ServerResponse): boolean {
    if (this.viewers.size >= mostViewers) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    response.write('retry: 2000\n\n');
    const timer = setInterval(() => {
      if (response.writableLength < mostWaiting) response.write(': alive\n\n');
    }, keepAliveMs);
    timer.unref();
    const viewer = { response, skipped: 0, timer };
    this.viewers.add(viewer);
    const leave = () => {
      clearInterval(timer);
      this.viewers.delete(viewer);
    };
    response.on('close', leave);
    response.on('error', leave);
    return true;
  }

  /** @param data anything that JSON can hold */
  send(event: string, data: unknown): void {
    if (this.viewers.size === 0) return;
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const viewer of this.viewers) {
      const { response } = viewer;
      if (response.writableLength + text.length > mostWaiting) {
        viewer.skipped++;
        continue;
      }
      if (viewer.skipped > 0) {
        response.write(`event: skipped\ndata: ${viewer.skipped}\n\n`);
        viewer.skipped = 0;
      }
      response.write(text);
    }
  }

  close(): void {
    for (const { response, timer } of this.viewers) {
      clearInterval(timer);
      response.end();
      response.destroy();
    }
    this.viewers.clear();
  }
}
