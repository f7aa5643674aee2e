import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../src/config/errors.ts';
import { unzipOne } from '../../src/github/unzip.ts';
import { type ZipEntry, zip } from '../fakes/zip.ts';

const options = { entry: 'result.json', maxBytes: 1_000_000 };
const content = JSON.stringify({ hello: 'world', numbers: Array.from({ length: 500 }, (_, index) => index) });

async function refusal(archive: Buffer): Promise<string> {
  try {
    await unzipOne(archive, options);
  } catch (error) {
    assert.ok(error instanceof UserError, `a clear error, not ${error}`);
    return error.message;
  }
  return assert.fail('was accepted');
}

for (const method of ['deflate', 'store'] as const) {
  test(`reads the one entry (${method})`, async () => {
    assert.equal((await unzipOne(zip([{ name: 'result.json', content, method }]), options)).toString(), content);
  });

  test(`reads an empty entry (${method})`, async () => {
    assert.equal((await unzipOne(zip([{ name: 'result.json', content: '', method }]), options)).length, 0);
  });
}

test('reads an entry of exactly the bound', async () => {
  const exact = Buffer.alloc(options.maxBytes, 'x');
  assert.equal((await unzipOne(zip([{ name: 'result.json', content: exact }]), options)).length, options.maxBytes);
});

const good: ZipEntry = { name: 'result.json', content };
const bad: Array<[string, Buffer, RegExp]> = [
  ['two entries', zip([good, { name: 'extra.txt', content: 'x' }]), /holds 2 entries, expected only result\.json/],
  ['no entry', zip([]), /holds 0 entries/],
  ['a second entry that the end record hides', zip([{ name: 'other.json', content: 'x' }, good], { declaredEntries: 1 }), /holds "other\.json"/],
  ['another name', zip([{ ...good, name: 'results.json' }]), /holds "results\.json", expected result\.json/],
  ['a name in a folder', zip([{ ...good, name: 'a/result.json' }]), /holds "a\/result\.json"/],
  ['zip-slip', zip([{ ...good, name: '../result.json' }]), /invalid relative path/],
  ['zip-slip with backslashes', zip([{ ...good, name: '..\\result.json' }]), /invalid characters/],
  ['an absolute path', zip([{ ...good, name: '/result.json' }]), /absolute path/],
  ['a drive letter', zip([{ ...good, name: 'C:/result.json' }]), /absolute path/],
  ['encryption', zip([{ ...good, encrypted: true }]), /is encrypted/],
  ['an unknown compression', zip([{ ...good, method: 99 }]), /method 99/],
  ['a size beyond the bound as declared', zip([{ ...good, declaredSize: 50_000_000 }]), /declares 50000000 bytes; at most 1000000/],
  [
    'a bomb that declares little',
    zip([{ name: 'result.json', content: Buffer.alloc(80_000_000), declaredSize: 100 }]),
    /unpacks to more than the 100 bytes it declares/,
  ],
  ['a bomb that declares all', zip([{ name: 'result.json', content: Buffer.alloc(80_000_000) }]), /declares 80000000 bytes/],
  ['less than declared', zip([{ ...good, declaredSize: content.length + 1 }]), /its directory says/],
  ['a wrong checksum', zip([{ ...good, declaredCrc: 1 }]), /does not match its checksum/],
  ['nothing at all', Buffer.alloc(0), /cannot be read/],
  ['a web page', Buffer.from('<html>Not a zip</html>'), /cannot be read: End of central directory/],
];
for (const [what, archive, expected] of bad) {
  test(`refuses ${what}`, async () => {
    assert.match(await refusal(archive), expected);
  });
}

test('refuses every truncation', async () => {
  const archive = zip([good]);
  for (let length = 0; length < archive.length; length += 7) await refusal(archive.subarray(0, length));
  for (let start = 1; start < archive.length; start += 7) await refusal(archive.subarray(start));
});

test('random bytes end in a clear error', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      await refusal(Buffer.from(bytes));
    }),
    { numRuns: 200 },
  );
});

test('whatever bytes of an archive are changed, the content is right or the error clear', async () => {
  const archive = zip([good]);
  const change = fc.record({ at: fc.nat(archive.length - 1), value: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
      const damaged = Buffer.from(archive);
      for (const { at, value } of changes) damaged[at] = value;
      try {
        assert.equal((await unzipOne(damaged, options)).toString(), content);
      } catch (error) {
        assert.ok(error instanceof UserError, `a clear error, not ${error}`);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('headers of random fields behind true signatures end in a clear error', async () => {
  const fields = fc.uint8Array({ minLength: 42, maxLength: 42 });
  const end = fc.uint8Array({ minLength: 18, maxLength: 18 });
  const wide = fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 }), { nil: null });
  await fc.assert(
    fc.asyncProperty(fields, wide, end, async (entry, locator, tail) => {
      const parts = [Buffer.from('PK\x01\x02', 'latin1'), entry, Buffer.alloc(64, 'a')];
      if (locator) parts.push(Buffer.from('PK\x06\x07', 'latin1'), locator as Buffer<ArrayBuffer>);
      const record = Buffer.from(tail);
      record.writeUInt16LE(1, 6);
      record.writeUInt32LE(0, 12);
      record.writeUInt16LE(0, 16);
      await refusal(Buffer.concat([...parts, Buffer.from('PK\x05\x06', 'latin1'), record]));
    }),
    { numRuns: 500 },
  );
});
