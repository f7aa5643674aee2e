import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { UserError } from '../config/errors.ts';

const inflate = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflateRaw);

/**
 * Reads a zip archive that must hold exactly one file of the given name, in memory, and returns its bytes. The archive is not trusted: it may come
 * from anybody's run. Refused: other names (so no `..`, no absolute path), more or fewer entries, encryption, unknown compression, a size beyond
 * `maxBytes` whether declared or met while inflating, a size or checksum other than declared.
 * @throws UserError saying what was found
 */
export async function unzipOne(archive: Buffer, options: { entry: string; maxBytes: number }): Promise<Buffer> {
  const zip = await open(archive);
  if (zip.entryCount !== 1) throw new UserError(`the archive holds ${zip.entryCount} entries, expected only ${options.entry}`);
  const entry = await findEntry(zip, () => true, 1).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  if (!entry) throw new UserError(`the archive holds no entry, expected ${options.entry}`);
  if (entry.fileName !== options.entry)
    throw new UserError(`the archive holds ${JSON.stringify(entry.fileName.slice(0, 200))}, expected ${options.entry}`);
  return contentOf(zip, entry, options);
}

/** A report holds a handful of files. */
const maxEntries = 100;

/**
 * Reads one file of an archive that may hold others, which are not unpacked. As little is trusted as in `unzipOne`.
 * @throws UserError saying what was found
 */
export async function unzipFrom(archive: Buffer, options: { entry: string; maxBytes: number }): Promise<Buffer> {
  const zip = await open(archive);
  if (zip.entryCount > maxEntries) throw new UserError(`the archive holds ${zip.entryCount} entries; at most ${maxEntries} are looked at`);
  const entry = await findEntry(zip, ({ fileName }) => fileName === options.entry, maxEntries).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  if (!entry) throw new UserError(`the archive holds no ${options.entry}`);
  return contentOf(zip, entry, options);
}

async function open(archive: Buffer): Promise<Zip> {
  const { fromBufferPromise } = await import('yauzl');
  return fromBufferPromise(archive, { strictFileNames: true }).catch((cause: unknown) => {
    throw unreadable(cause);
  });
}

async function contentOf(zip: Zip, entry: ZipEntry, options: { entry: string; maxBytes: number }): Promise<Buffer> {
  if (entry.isEncrypted()) throw new UserError(`${options.entry} in the archive is encrypted`);
  if (!entry.canDecodeFileData())
    throw new UserError(`${options.entry} is compressed by method ${entry.compressionMethod}; only stored and deflate are read`);
  if (entry.uncompressedSize > options.maxBytes) throw tooLarge(options, `declares ${entry.uncompressedSize} bytes`);
  const packed = await readRaw(zip, entry).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  const content = entry.isCompressed() ? await unpack(packed, entry.uncompressedSize, options) : packed;
  if (content.length !== entry.uncompressedSize) {
    throw new UserError(`${options.entry} in the archive has ${content.length} bytes, its directory says ${entry.uncompressedSize}`);
  }
  if (crc32(content) !== entry.crc32) throw new UserError(`${options.entry} in the archive does not match its checksum: the archive is damaged`);
  return content;
}

type Zip = Awaited<ReturnType<typeof import('yauzl')['fromBufferPromise']>>;
type ZipEntry = import('yauzl').Entry;

async function findEntry(zip: Zip, isWanted: (entry: ZipEntry) => boolean, most: number): Promise<ZipEntry | null> {
  let seen = 0;
  for await (const entry of zip.eachEntry()) {
    if (isWanted(entry)) return entry;
    if (++seen >= most) break;
  }
  return null;
}

/** The bytes as packed: they are part of the archive in memory already, so this needs no bound of its own. */
async function readRaw(zip: Zip, entry: ZipEntry): Promise<Buffer> {
  const stream = await zip.openReadStreamPromise(entry, { decodeFileData: false });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Inflates no further than the declared size, which is within the bound: what a bomb would add is never unpacked. */
async function unpack(packed: Buffer, declared: number, options: { entry: string; maxBytes: number }): Promise<Buffer> {
  try {
    return await inflate(packed, { maxOutputLength: Math.max(1, declared) });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(options, `unpacks to more than the ${declared} bytes it declares`);
    throw unreadable(cause);
  }
}

function tooLarge(options: { entry: string; maxBytes: number }, found: string): UserError {
  return new UserError(`${options.entry} in the archive ${found}; at most ${options.maxBytes} are read`);
}

function unreadable(cause: unknown): UserError {
  return new UserError(`the archive cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}
