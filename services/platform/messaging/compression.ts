// Decompression of records. KafkaJS by itself reads only uncompressed records and gzip. A broker compresses the records of a topic
// with the topic's `compression.type` (unless it is `producer`), whatever the connector sends. Without these codecs, the consumer
// would stop for ever at the first record with another codec.
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import kafkajs from 'kafkajs';
import lz4 from 'lz4js';
import snappy from 'snappyjs';

/** This process cannot read the records. Not retriable, so that the consumer reports the error immediately. */
export class UnsupportedCompression extends kafkajs.KafkaJSNonRetriableError {
  override readonly name = 'UnsupportedCompression';
  constructor(codec: string, remedy: string) {
    super(
      `The records are compressed with ${codec}, which this service cannot read. ${remedy} ` +
        'Set compression.type = producer on the topic, so that no more such records are written; `npm run doctor` names the topic.',
    );
  }
}

/** The start of a Snappy stream of Java clients. Two version numbers follow, then pairs of length and block. */
const javaMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);

const readSnappy = (compressed: Buffer): Buffer => {
  if (!compressed.subarray(0, javaMagic.length).equals(javaMagic))
    return Buffer.from(snappy.uncompress(compressed));
  const blocks: Uint8Array[] = [];
  for (let at = javaMagic.length + 8; at < compressed.length;) {
    const end = at + 4 + compressed.readInt32BE(at);
    blocks.push(snappy.uncompress(compressed.subarray(at + 4, end)));
    at = end;
  }
  return Buffer.concat(blocks);
};

const readZstd = async (compressed: Buffer): Promise<Buffer> => {
  // Absent before Node 22.15; package.json allows older versions for development.
  const { zstdDecompress } = zlib as { zstdDecompress?: typeof zlib.zstdDecompress };
  if (zstdDecompress === undefined) throw new UnsupportedCompression('zstd', 'Run the service on Node 24.');
  return promisify(zstdDecompress)(compressed);
};

/** lz4js would misread a frame with block checksums, because it takes a checksum for the first bytes of a block. */
const hasBlockChecksums = (frame: Buffer): boolean => ((frame[4] ?? 0) & 0x10) !== 0;

const readLz4 = (compressed: Buffer): Buffer => {
  if (hasBlockChecksums(compressed))
    throw new UnsupportedCompression(
      'LZ4 with block checksums',
      'Configure their producer to write no block checksums.',
    );
  return Buffer.from(lz4.decompress(compressed));
};

type Decompress = (compressed: Buffer) => Buffer | Promise<Buffer>;

const unknown =
  (id: number): Decompress =>
  () => {
    throw new UnsupportedCompression(`codec ${id}`, 'Install a release of the service that reads it.');
  };

/** By codec id: three bits in the attributes of a batch. KafkaJS supports 1 (gzip) and reads unknown ids as uncompressed bytes. */
const decompressors: Readonly<Record<number, Decompress>> = {
  2: readSnappy,
  3: readLz4,
  4: readZstd,
  5: unknown(5),
  6: unknown(6),
  7: unknown(7),
};

/** Makes every KafkaJS client of this process read all codecs. */
export const registerCodecs = (): void => {
  for (const [id, decompress] of Object.entries(decompressors)) {
    Object.assign(kafkajs.CompressionCodecs, {
      [id]: () => ({ decompress: async (compressed: Buffer) => decompress(compressed) }),
    });
  }
};
