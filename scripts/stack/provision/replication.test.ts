import { describe, expect, it } from 'vitest';
import { missingReplicas } from './replication.ts';

const alone = (topic: string, partitions: number) =>
  Array.from({ length: partitions }, (_, partition) => ({ topic, partition, replicas: [1] }));

describe('replicas for a system that has grown', () => {
  it('gives every partition three, each on a broker of its own', () => {
    const given = missingReplicas([...alone('order-events', 10), ...alone('_connect-offsets', 1)], [3, 1, 2]);
    expect(given).toHaveLength(11);
    for (const { replicas } of given) expect(replicas.toSorted()).toEqual([1, 2, 3]);
  });

  it('spreads the leaders, so that no broker has all to lose', () => {
    const leaders = missingReplicas(alone('order-events', 10), [1, 2, 3]).map(({ replicas }) => replicas[0]);
    expect(Map.groupBy(leaders, (leader) => leader).size).toBe(3);
    expect(Math.max(...[1, 2, 3].map((node) => leaders.filter((leader) => leader === node).length))).toBe(4);
  });

  it('leaves what has three where it is, in whatever order', () => {
    expect(
      missingReplicas([{ topic: 'order-events', partition: 0, replicas: [2, 3, 1] }], [1, 2, 3]),
    ).toEqual([]);
  });

  it('uses three of more brokers', () => {
    const [place] = missingReplicas(alone('order-events', 1), [4, 3, 2, 1]);
    expect(place?.replicas).toEqual([1, 2, 3]);
  });
});
