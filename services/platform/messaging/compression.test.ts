// The codecs as they are registered with KafkaJS. tests/platform/consumer.int.test.ts tests them with a broker.
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { registerCodecs, UnsupportedCompression } from './compression.ts';

registerCodecs();
type Codec = () => { readonly decompress: (compressed: Buffer) => Promise<Buffer> };
const codecs: Readonly<Record<number, Codec>> = kafkajs.CompressionCodecs;
const decompress = async (id: number, compressed: Buffer): Promise<string | undefined> =>
  (await codecs[id]?.().decompress(compressed))?.toString('utf8');

describe('compressed records', () => {
  // A Snappy literal of five bytes.
  const block = Buffer.from([5, 4 << 2, ...Buffer.from('order')]);
  const framed = Buffer.concat([Buffer.from([0, 0, 0, block.length]), block]);
  const java = Buffer.concat([Buffer.from('\x82SNAPPY\0\0\0\0\x01\0\0\0\x01', 'latin1'), framed, framed]);

  it.each([
    ['as one block', block, 'order'],
    ['in the stream of Java clients', java, 'orderorder'],
  ])('are read from Snappy %s', async (_how, compressed, text) => {
    expect(await decompress(2, compressed)).toBe(text);
  });

  it('are read from an LZ4 frame, and refused when the frame has block checksums', async () => {
    // One uncompressed block and the end mark.
    const frame = (flags: number): Buffer =>
      Buffer.from([4, 0x22, 0x4d, 0x18, flags, 0x40, 0, 5, 0, 0, 0x80, ...Buffer.from('order'), 0, 0, 0, 0]);
    expect(await decompress(3, frame(0x60))).toBe('order');
    await expect(decompress(3, frame(0x70))).rejects.toThrow(UnsupportedCompression);
  });

  it.each([5, 6, 7])(
    'of the unknown codec %i are refused with a remedy, not read as plain bytes',
    async (id) => {
      const refused = decompress(id, Buffer.from('anything'));
      await expect(refused).rejects.toThrow(UnsupportedCompression);
      await expect(refused).rejects.toThrow(
        new RegExp(
          `codec ${id}, which this service cannot read.* compression\\.type = producer .*npm run doctor`,
        ),
      );
      await expect(refused).rejects.toMatchObject({ retriable: false });
    },
  );
});
