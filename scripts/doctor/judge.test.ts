import { describe, expect, it } from 'vitest';
import { serviceNames, topicSettings, topics } from '../stack/topology.ts';
import type { ConnectorFacts, DatabaseFacts, Facts, KafkaFacts, TopicFacts } from './facts.ts';
import { judge } from './judge.ts';
import type { Finding } from './finding.ts';

const database = (service: string): DatabaseFacts => ({
  version: 180_004,
  walLevel: 'logical',
  maxSlots: 4,
  slotsUsed: 1,
  maxSenders: 4,
  sendersUsed: 1,
  idleSlotSeconds: 0,
  slot: {
    slot: `${service}_outbox_slot`,
    keepBytes: 1e9,
    state: {
      plugin: 'pgoutput',
      database: 'x',
      active: true,
      inactiveMs: null,
      walStatus: 'reserved',
      invalidation: null,
      safeBytes: 1e9,
      confirmedLsn: '0/1',
      lagBytes: 0,
      retainedBytes: 0,
      failover: true,
    },
  },
  publication: { tables: ['public.outbox'], operations: ['insert'], allTables: false, filtered: false },
  cdcRole: { login: true, replication: true, superuser: false, readsOutbox: true },
  missingColumns: [],
  longTransactions: [],
});
const connector: ConnectorFacts = { state: { kind: 'running' }, changes: [], invalid: [] };
const topic = <T extends string>(name: T, config: Record<string, string>): TopicFacts & { topic: T } => ({
  topic: name,
  state: {
    partitions: 10,
    replicas: 3,
    underReplicated: 0,
    config: { 'min.insync.replicas': '2', 'compression.type': 'producer', ...config },
  },
});
const kafka: KafkaFacts = {
  brokers: 3,
  events: topics.map((name) => topic(name, topicSettings.config)),
  internal: [topic('_connect-offsets', { 'cleanup.policy': 'compact' })],
};
const forAll = <T>(make: (service: string) => T) => {
  const [order, inventory, payment] = serviceNames;
  return { order: make(order), inventory: make(inventory), payment: make(payment) };
};
const healthy: Facts = {
  databases: forAll((service) => ({ ok: true as const, value: database(service) })),
  logins: forAll(() => ({ refused: null, heartbeat: null })),
  connect: { ok: true, value: { version: '4.3.0', debezium: '3.7.0.Final' } },
  connectors: forAll(() => ({ ok: true as const, value: connector })),
  kafka: { ok: true, value: kafka },
  registry: { ok: true, value: { wrongCompatibility: {}, legacyIds: false } },
  schemaIds: [{ service: 'order', eventType: 'order.created', id: 1, expected: 'a', found: 'a' }],
  clocks: [{ part: 'a part', aheadMs: 900, uncertainMs: 10 }],
  retention: { ok: true, value: { outboxDays: 7, inboxDays: 30 } },
};
const findingsIn = (facts: Facts): (Finding & { area: string })[] =>
  judge(facts).flatMap(({ area, findings }) => findings.map((finding) => ({ area, ...finding })));

const orderDatabase = (change: Partial<DatabaseFacts>): Facts => ({
  ...healthy,
  databases: { ...healthy.databases, order: { ok: true, value: { ...database('order'), ...change } } },
});
const orderConnector = (change: Partial<ConnectorFacts>): Facts => ({
  ...healthy,
  connectors: { ...healthy.connectors, order: { ok: true, value: { ...connector, ...change } } },
});
const kafkaWith = (change: Partial<KafkaFacts>): Facts => ({
  ...healthy,
  kafka: { ok: true, value: { ...kafka, ...change } },
});
const slotOf = (walStatus: string) => {
  const { slot } = database('order');
  return { slot: { ...slot, state: slot.state && { ...slot.state, walStatus } } };
};
const eventsWith = (config: Record<string, string>) =>
  kafkaWith({ events: topics.map((name) => topic(name, { ...topicSettings.config, ...config })) });

describe('the doctor', () => {
  it('finds nothing in a healthy stack, and lists what it has checked', () => {
    expect(findingsIn(healthy)).toEqual([]);
    expect(judge(healthy).map(({ area }) => area)).toEqual(
      expect.arrayContaining(['order database', 'payment-outbox', 'Kafka', 'schema registry', 'retention']),
    );
  });

  type Case = [title: string, facts: Facts, level: 'broken' | 'warning', sentence: RegExp];
  const cases: Readonly<Record<string, Case[]>> = {
    'order database': [
      ['a lost slot', orderDatabase(slotOf('lost')), 'broken', /is invalidated.*missing from the topic/],
      ['an old server', orderDatabase({ version: 160_003 }), 'broken', /PostgreSQL 16/],
      ['a WAL that cannot be decoded', orderDatabase({ walLevel: 'replica' }), 'broken', /wal_level/],
      ['a server without a free slot', orderDatabase({ slotsUsed: 4 }), 'warning', /All 4 replication slots/],
      ['a server without a free WAL sender', orderDatabase({ sendersUsed: 4 }), 'warning', /WAL senders/],
      [
        'a server that invalidates inactive slots',
        orderDatabase({ idleSlotSeconds: 3_600 }),
        'warning',
        /3600 s/,
      ],
      ['a missing publication', orderDatabase({ publication: null }), 'broken', /no publication/],
      [
        'a publication of everything',
        orderDatabase({
          publication: { tables: [], operations: ['insert'], allTables: true, filtered: false },
        }),
        'broken',
        /all tables/,
      ],
      [
        'a publication of deletes',
        orderDatabase({
          publication: {
            tables: ['public.outbox'],
            operations: ['insert', 'delete'],
            allTables: false,
            filtered: false,
          },
        }),
        'broken',
        /insert, delete/,
      ],
      [
        'a publication with a row filter',
        orderDatabase({
          publication: {
            tables: ['public.outbox'],
            operations: ['insert'],
            allTables: false,
            filtered: true,
          },
        }),
        'broken',
        /row filter or a column list/,
      ],
      [
        'a role that may not replicate',
        orderDatabase({ cdcRole: { login: true, replication: false, superuser: false, readsOutbox: true } }),
        'broken',
        /may not replicate/,
      ],
      ['a missing column', orderDatabase({ missingColumns: ['payload'] }), 'broken', /no column payload/],
      [
        'a long transaction',
        orderDatabase({ longTransactions: [{ pid: 7, who: 'psql', seconds: 900 }] }),
        'warning',
        /psql \(pid 7\) has been open for 900 s/,
      ],
      [
        'a heartbeat that is refused while the task runs',
        {
          ...healthy,
          logins: { ...healthy.logins, order: { refused: null, heartbeat: 'permission denied' } },
        },
        'broken',
        /heartbeat.*permission denied/,
      ],
      [
        'a changed password while the task runs',
        {
          ...healthy,
          logins: { ...healthy.logins, order: { refused: 'authentication failed', heartbeat: null } },
        },
        'broken',
        /cannot log in/,
      ],
    ],
    'Kafka Connect': [
      [
        'an old Debezium',
        { ...healthy, connect: { ok: true, value: { version: '4.3.0', debezium: '3.6.1.Final' } } },
        'broken',
        /3\.6\.1/,
      ],
      [
        'a worker without Debezium',
        { ...healthy, connect: { ok: true, value: { version: '4.3.0', debezium: null } } },
        'broken',
        /does not have the PostgreSQL connector/,
      ],
    ],
    'order-outbox': [
      ['a missing connector', orderConnector({ state: undefined }), 'broken', /no connector/],
      ['a paused connector', orderConnector({ state: { kind: 'paused' } }), 'broken', /paused or stopped/],
      [
        'a failed connector',
        orderConnector({ state: { kind: 'failed', why: 'because\nof this' } }),
        'broken',
        /has failed: because$/,
      ],
      [
        'an unassigned connector',
        orderConnector({ state: { kind: 'idle', why: 'UNASSIGNED' } }),
        'broken',
        /UNASSIGNED/,
      ],
      [
        'a configuration that differs from the file',
        orderConnector({
          changes: [
            {
              key: 'errors.tolerance',
              from: 'all',
              to: 'none',
              consequence: 'restart',
              sentence: '',
              dangerous: false,
            },
          ],
        }),
        'broken',
        /differs from connectors\/order\.json: errors\.tolerance/,
      ],
      [
        'a key that the worker refuses',
        orderConnector({ invalid: [{ key: 'plugin.name', problem: 'is not known' }] }),
        'broken',
        /plugin\.name is not known/,
      ],
    ],
    Kafka: [
      ['a single broker', kafkaWith({ brokers: 1 }), 'warning', /one broker/],
      [
        'a missing topic',
        kafkaWith({ events: [{ topic: 'order-events', state: null }] }),
        'broken',
        /no topic order-events/,
      ],
      [
        'a compacted topic',
        eventsWith({ 'cleanup.policy': 'compact' }),
        'broken',
        /cleanup\.policy = compact/,
      ],
      [
        'a topic that the broker compresses',
        eventsWith({ 'compression.type': 'lz4' }),
        'warning',
        /compression\.type = lz4/,
      ],
      [
        'a topic that refuses large events',
        eventsWith({ 'max.message.bytes': '500000' }),
        'broken',
        /max\.message\.bytes = 500000/,
      ],
      [
        'writes that only one replica confirms',
        eventsWith({ 'min.insync.replicas': '1' }),
        'warning',
        /only one replica/,
      ],
      [
        'offsets on a topic that is not compacted',
        kafkaWith({ internal: [topic('_connect-offsets', { 'cleanup.policy': 'delete' })] }),
        'broken',
        /not compacted/,
      ],
    ],
    'schema registry': [
      [
        'a subject without a compatibility check',
        {
          ...healthy,
          registry: { ok: true, value: { wrongCompatibility: { a: 'NONE' }, legacyIds: false } },
        },
        'broken',
        /a has the compatibility NONE/,
      ],
      [
        'a registry in legacy id mode',
        { ...healthy, registry: { ok: true, value: { wrongCompatibility: {}, legacyIds: true } } },
        'broken',
        /legacy id mode/,
      ],
      [
        'a registry that has lost its storage',
        { ...healthy, schemaIds: [{ service: 'order', eventType: 'x', id: 3, expected: 'a', found: null }] },
        'broken',
        /has nothing: the registry has lost its storage/,
      ],
    ],
    clocks: [
      [
        'a wrong clock',
        { ...healthy, clocks: [{ part: 'a part', aheadMs: -5_000, uncertainMs: 10 }] },
        'warning',
        /a part is 5\.0 s behind/,
      ],
    ],
    retention: [
      [
        'an inbox that is not kept longer than the outbox',
        { ...healthy, retention: { ok: true, value: { outboxDays: 8, inboxDays: 8 } } },
        'broken',
        /must be kept longer/,
      ],
      [
        'a topic with a longer retention than the inbox',
        eventsWith({ 'retention.ms': '-1' }),
        'broken',
        /for ever/,
      ],
      [
        'a topic with a shorter retention than the outbox',
        eventsWith({ 'retention.ms': '3600000' }),
        'warning',
        /0\.04 d/,
      ],
    ],
  };
  describe.each(Object.entries(cases))('in the area %s', (area, ofArea) => {
    it.each(ofArea)('finds %s, with a remedy', (_, facts, level, sentence) => {
      const found = findingsIn(facts).filter((finding) => finding.area === area);
      expect(found.map((finding) => finding.level)).toContain(level);
      const one = found.find((finding) => sentence.test(finding.sentence));
      expect(one?.level, JSON.stringify(found)).toBe(level);
      expect(one?.remedy).not.toBe('');
    });
  });

  it('reports only once that the worker does not answer, and nothing about its connectors', () => {
    const unreachable = { ok: false as const, problem: 'Kafka Connect cannot be read (ECONNREFUSED).' };
    const facts = { ...healthy, connect: unreachable, connectors: forAll(() => unreachable) };
    expect(findingsIn(facts)).toMatchObject([
      { area: 'Kafka Connect', level: 'broken', sentence: unreachable.problem },
    ]);
  });
});
