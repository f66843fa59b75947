import { describe, expect, it } from 'vitest';
import { judgeSlot, slotLimits, type SlotFacts, type SlotState } from './slot-health.ts';

const mib = 1024 * 1024;
const healthy: SlotState = {
  plugin: 'pgoutput',
  database: 'orders',
  active: true,
  inactiveMs: null,
  walStatus: 'reserved',
  invalidation: null,
  safeBytes: 1000 * mib,
  confirmedLsn: '0/1',
  lagBytes: 1000,
  retainedBytes: 2000,
  failover: true,
};
const keepBytes = 1024 * mib;
const slotWith = (change: Partial<SlotState>): SlotFacts => ({
  slot: 'order_outbox_slot',
  state: { ...healthy, ...change },
  keepBytes,
});
const problemsOf = (facts: SlotFacts): string[] =>
  judgeSlot('order', facts).map(({ problem, level }) => `${problem} ${level}`);

describe('a replication slot', () => {
  it.each<[string, Partial<SlotState>, string[]]>([
    ['is read and near the end of the WAL', {}, []],
    [
      'has been unread for as long as a restart may take',
      { active: false, inactiveMs: slotLimits.unreadMs },
      [],
    ],
    [
      'has been unread for longer than a restart may take',
      { active: false, inactiveMs: slotLimits.unreadMs + 1 },
      ['unread broken'],
    ],
    ['is not read, and nobody knows since when', { active: false }, ['unread broken']],
    [
      'is invalidated because its WAL was removed',
      { walStatus: 'lost', active: false, safeBytes: null, lagBytes: null },
      ['lost broken'],
    ],
    ['is invalidated for another reason', { invalidation: 'idle_timeout', active: false }, ['lost broken']],
    ['needs WAL that the next checkpoint removes', { walStatus: 'unreserved' }, ['endangered broken']],
    ['has a fifth of its WAL limit left', { safeBytes: keepBytes * 0.2 }, []],
    [
      'has less than a fifth of its WAL limit left',
      { safeBytes: keepBytes * 0.2 - 1 },
      ['endangered broken'],
    ],
    ['is at the lag limit', { lagBytes: 64 * mib }, []],
    ['is beyond the lag limit', { lagBytes: 64 * mib + 1 }, ['lagging broken']],
    ['has another plugin', { plugin: 'test_decoding' }, ['wrong_plugin broken']],
    ['does not survive a failover', { failover: false }, ['no_failover warning']],
    [
      'is unread and far behind',
      { active: false, inactiveMs: 100_000, lagBytes: 100 * mib },
      ['unread broken', 'lagging broken'],
    ],
  ])('that %s has only the expected problems', (_, change, expected) => {
    expect(problemsOf(slotWith(change))).toEqual(expected);
  });

  it('that does not exist has the problem "missing"', () => {
    expect(problemsOf({ slot: 's', state: null, keepBytes })).toEqual(['missing broken']);
  });

  it('without a WAL limit has only the warning "unbounded"', () => {
    expect(problemsOf({ ...slotWith({ safeBytes: null }), keepBytes: null })).toEqual(['unbounded warning']);
  });

  it('has a remedy for each problem', () => {
    const bad = slotWith({
      active: false,
      plugin: null,
      failover: false,
      lagBytes: 1e9,
    });
    for (const { sentence, remedy } of judgeSlot('order', { ...bad, keepBytes: null })) {
      expect(sentence).toMatch(/order_outbox_slot.*\.$/);
      expect(remedy).not.toBe('');
    }
  });
});

it('the remedy for a missing slot begins with the command to run', () => {
  const [missing] = judgeSlot('payment', { slot: 'payment_outbox_slot', state: null, keepBytes });
  expect(missing?.remedy).toMatch(/^npm run recover -- payment,/);
});
