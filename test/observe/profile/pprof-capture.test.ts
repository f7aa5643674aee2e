import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { capturePprof, pprofUrl, probePprof } from '../../../src/observe/profile/pprof-capture.ts';

async function server(
  t: TestContext,
  answers: Record<string, string | number>,
): Promise<{ url: string; seen: { path: string; key: string | undefined }[] }> {
  const seen: { path: string; key: string | undefined }[] = [];
  const http = createServer(({ url = '', headers }, response) => {
    seen.push({ path: url, key: headers['x-key'] as string | undefined });
    const answer = answers[url.split('/').at(-1) ?? ''] ?? 404;
    response.writeHead(typeof answer === 'number' ? answer : 200).end(typeof answer === 'number' ? 'not here' : answer);
  });
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => void http.close(resolve)));
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/debug/pprof`, seen };
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'llm-bench-pprof-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

const total = 'goroutine profile: total 7\n1 @ 0x1';

test('the address is a path of the service, another port of its host, or a whole address', () => {
  assert.equal(pprofUrl('/debug/pprof', 'http://10.0.0.1:8080/v1'), 'http://10.0.0.1:8080/debug/pprof');
  assert.equal(pprofUrl(':6060/debug/pprof/', 'http://10.0.0.1:8080'), 'http://10.0.0.1:6060/debug/pprof');
  assert.equal(pprofUrl('http://other:1/x', 'http://10.0.0.1:8080'), 'http://other:1/x');
});

test('CPU, memory and goroutines are saved as they come, with the headers of the service', async (t) => {
  const { url, seen } = await server(t, { 'profile?seconds=2': 'CPU', heap: 'HEAP', goroutine: 'G', 'goroutine?debug=1': total });
  const place = { url, headers: { 'x-key': 'k' } };
  assert.equal(await probePprof(place), null);
  const into = await folder(t);
  const captured = await capturePprof(place, into, 2, new AbortController().signal);
  assert.deepEqual(captured.problems, []);
  assert.equal(captured.goroutines?.total, 7);
  assert.equal(await readFile(captured.cpu ?? '', 'utf8'), 'CPU');
  assert.equal(await readFile(captured.memory ?? '', 'utf8'), 'HEAP');
  assert.ok(seen.every(({ key }) => key === 'k'));
});

test('an address that answers 404, answers a page, or does not answer is told in one sentence', async (t) => {
  const lost = await server(t, {});
  assert.match((await probePprof({ url: lost.url, headers: {} })) ?? '', /answers 404$/);
  const page = await server(t, { 'goroutine?debug=1': '<html>' });
  assert.match((await probePprof({ url: page.url, headers: {} })) ?? '', /something other than pprof/);
  assert.match((await probePprof({ url: 'http://127.0.0.1:1/debug/pprof', headers: {} })) ?? '', /cannot be reached: .+/);
  const half = await server(t, { heap: 'HEAP', 'profile?seconds=1': 500 });
  const { cpu, memory, goroutines, problems } = await capturePprof({ url: half.url, headers: {} }, await folder(t), 1, new AbortController().signal);
  assert.deepEqual([cpu, memory === null, goroutines], [null, false, null]);
  assert.equal(problems.length, 2);
  assert.match(problems[0] ?? '', /answers 500: not here/);
});

test('a page without an end is not read to the end', async (t) => {
  let written = 0;
  const piece = Buffer.alloc(1 << 16, 120);
  const http = createServer((request, response) => {
    const more = () => {
      while (!response.destroyed && written < 2 ** 31) {
        written += piece.length;
        if (!response.write(piece)) return void response.once('drain', more);
      }
      response.end();
    };
    response.write(request.url?.endsWith('?debug=1') ? total : '');
    more();
  });
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => void http.close(resolve)));
  const place = { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/debug/pprof`, headers: {} };
  assert.equal(await probePprof(place), null);
  const captured = await capturePprof(place, await folder(t), 1, new AbortController().signal);
  assert.deepEqual([captured.cpu, captured.memory, captured.goroutines], [null, null, null]);
  assert.match(captured.problems.join(), /answers more than 67108864 bytes/);
  assert.ok(written < 2 ** 30, `${written}`);
});
