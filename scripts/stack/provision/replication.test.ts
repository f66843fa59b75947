import { describe, expect, it } from 'vitest';
import { newAssignment } from './replication.ts';

const unreplicated = (topic: string, partitions: number) =>
  Array.from({ length: partitions }, (_, partition) => ({ topic, partition, replicas: [1] }));

describe('the assignment of replicas after brokers were added', () => {
  it('gives every partition three replicas on three brokers', () => {
    const assigned = newAssignment(
      [...unreplicated('order-events', 10), ...unreplicated('_connect-offsets', 1)],
      [3, 1, 2],
    );
    expect(assigned).toHaveLength(11);
    for (const { replicas } of assigned) expect(replicas.toSorted()).toEqual([1, 2, 3]);
  });

  it('spreads the leaders over the brokers', () => {
    const leaders = newAssignment(unreplicated('order-events', 10), [1, 2, 3]).map(
      ({ replicas }) => replicas[0],
    );
    expect(Map.groupBy(leaders, (leader) => leader).size).toBe(3);
    expect(Math.max(...[1, 2, 3].map((node) => leaders.filter((leader) => leader === node).length))).toBe(4);
  });

  it('does not change a partition that has three replicas, whatever their sequence', () => {
    expect(newAssignment([{ topic: 'order-events', partition: 0, replicas: [2, 3, 1] }], [1, 2, 3])).toEqual(
      [],
    );
  });

  it('uses three of four brokers', () => {
    const [assigned] = newAssignment(unreplicated('order-events', 1), [4, 3, 2, 1]);
    expect(assigned?.replicas).toEqual([1, 2, 3]);
  });
});
