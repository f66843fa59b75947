import { describe, expect, it } from 'vitest';
import { imageComplaints, type Image } from './image-rules.ts';

const good: Image = {
  name: 'orderflow/order',
  bytes: 271e6,
  user: 'node',
  entrypoint: ['node', '--max-semi-space-size=2'],
  labels: Object.fromEntries(
    ['title', 'licenses', 'version', 'revision'].map((label) => [`org.opencontainers.image.${label}`, 'it']),
  ),
};

describe('an image', () => {
  it('that is small and labelled, and starts a process without root and without a shell, has no complaint', () => {
    expect(imageComplaints(good)).toEqual([]);
  });

  it.each<[Partial<Image>, string]>([
    [{ bytes: 300_000_001 }, 'has 301 MB, more than 300'],
    [{ user: '' }, 'runs as root'],
    [{ user: 'root' }, 'runs as root'],
    [{ user: '0:0' }, 'runs as root'],
    [{ entrypoint: ['/bin/sh', '-c', 'node main.ts'] }, 'is started by a shell'],
    [{ entrypoint: [] }, 'is started by a shell'],
    [
      { labels: { ...good.labels, 'org.opencontainers.image.licenses': '' } },
      'has no label org.opencontainers.image.licenses',
    ],
  ])('with %j has a complaint', (fault, complaint) => {
    expect(imageComplaints({ ...good, ...fault })).toEqual([`orderflow/order ${complaint}`]);
  });
});
