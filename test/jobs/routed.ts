import { createServer, type IncomingMessage, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Gateway extends AsyncDisposable {
  url: string;
}

/** A gateway as small as can be: hands each request with a body to one of the engines, as `choose` says, and the answer back as it comes. */
export async function gateway(engines: readonly string[], choose: (body: string, number: number) => number): Promise<Gateway> {
  let requests = 0;
  const server = createServer((incoming, outgoing) => {
    void bodyOf(incoming).then((body) => {
      const number = body.length === 0 ? 0 : requests++;
      const origin = engines[choose(body.toString(), number) % engines.length] as string;
      const onward = send(`${origin}${incoming.url}`, { method: incoming.method, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        outgoing.flushHeaders();
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
