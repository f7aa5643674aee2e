import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server whose metrics page is the next of a list; the last one stays. */
export async function serve(pages: (string | number)[]): Promise<{ url: string } & AsyncDisposable> {
  let asked = 0;
  const server = createServer((_, response) => {
    const page = pages[Math.min(asked++, pages.length - 1)]!;
    if (typeof page === 'number') response.writeHead(page).end('no');
    else response.writeHead(200, { 'content-type': 'text/plain' }).end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
