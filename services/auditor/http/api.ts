// The auditor's API: schemas and endpoints, without behaviour. The dashboard's types and the OpenAPI document are derived from it.
import { z } from '@hono/zod-openapi';
import { endpoint } from '../../platform/http/endpoint/endpoint.ts';
import { idempotencyKeyHeader, idempotencyProblems } from '../../platform/http/request/idempotency-http.ts';
import { defineProblems } from '../../platform/http/endpoint/problem.ts';
import { json } from '../../platform/http/request/shapes.ts';
import { everyService } from '../domain/facts.ts';
import { incidentsKept } from '../domain/incidents.ts';
import { problemNames } from '../domain/pipeline-problems.ts';
import { permissions } from './permissions.ts';

export const { kinds: auditorProblems, problem } = defineProblems({
  ...idempotencyProblems,
  connector_absent: {
    status: 409,
    title: 'Connector absent',
    explanation: 'Kafka Connect has no such connector. Create it with `npm run connectors -- apply`.',
  },
});

const time = z.number().openapi({ description: 'Milliseconds since the epoch, with fractions' });
const service = z.enum(everyService);

const consumptionView = z.object({
  consumer: z.string().openapi({ description: 'The consumer group' }),
  receivedAt: time.openapi({
    description:
      'When the consumer began to handle the event. For a dead letter, this and `committedAt` are the time at which its last attempt failed.',
  }),
  committedAt: time,
  outcome: z
    .string()
    .openapi({ description: '`accepted`, `ignored: <reason>`, or the state and cause of a dead letter' }),
  letterId: z.string().nullable().openapi({
    description: 'The id of the dead letter; null if the event is not a dead letter of the group',
  }),
  attempts: z.int().openapi({ description: 'Attempts to handle the event, including the last one' }),
  duplicates: z
    .int()
    .openapi({ description: 'Deliveries of the event after it had been handled; they had no effect' }),
});

export const storyEventView = z.object({
  id: z.string(),
  eventType: z.string(),
  emittedBy: service,
  key: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  traceparent: z.string(),
  schemaId: z.int(),
  occurredAt: time,
  committedAt: time,
  publishedAt: time.nullable().openapi({
    description:
      'When Kafka stored the record; known only after a consumer has handled it or stored it as a dead letter',
  }),
  position: z.object({ topic: z.string(), partition: z.int(), offset: z.string() }).nullable(),
  data: z.unknown().openapi({ description: 'Decoded, without credentials; null when it cannot be decoded' }),
  undecodable: z.string().nullable(),
  consumptions: z.array(consumptionView),
});

export const storyView = z
  .object({
    orders: z.array(
      z.object({
        id: z.string(),
        customerId: z.string(),
        status: z.string(),
        cancellationReason: z.string().nullable(),
        placedAt: time,
        updatedAt: time,
        expiresAt: time.nullable().openapi({ description: 'When the reservation expires' }),
      }),
    ),
    correlationIds: z.array(z.string()),
    steps: z.array(
      z.object({
        orderId: z.string(),
        type: z.string(),
        inputId: z.string().openapi({ description: 'The event or request that was handled' }),
        actor: z.string(),
        outcome: z.string(),
        status: z.string().openapi({ description: 'The status of the order afterwards' }),
        recordedAt: time,
      }),
    ),
    calls: z
      .array(
        z.object({
          id: z.string(),
          orderId: z.string(),
          kind: z.enum(['charge', 'refund']),
          state: z.enum(['due', 'unknown', 'succeeded', 'declined', 'abandoned']),
          attempts: z.int(),
          lastError: z.string().nullable(),
          causationId: z.string(),
          createdAt: time,
          updatedAt: time,
          dueAt: time.openapi({ description: 'When the request is sent next' }),
        }),
      )
      .openapi({ description: 'Requests to the payment provider' }),
    events: z.array(storyEventView).openapi({ description: 'Sorted by commit time' }),
  })
  .openapi('Story');

const nullableNumber = z.number().nullable();
export const pipelineView = z.object({
  service,
  status: z.enum(['ok', 'broken']),
  checkedAt: z.iso.datetime(),
  problems: z.array(
    z.object({
      problem: z.enum(problemNames),
      level: z.enum(['broken', 'warning']),
      sentence: z.string(),
      remedy: z.string(),
      since: z.iso.datetime(),
    }),
  ),
  connector: z.object({
    state: z.enum(['running', 'paused', 'absent', 'unknown', 'failed', 'idle']),
    why: z.string().optional(),
  }),
  slot: z
    .object({
      active: z.boolean(),
      walStatus: z.string().nullable(),
      lagBytes: nullableNumber,
      retainedBytes: nullableNumber,
      safeBytes: nullableNumber.openapi({
        description: 'WAL that may still be written before the slot is in danger',
      }),
      confirmedLsn: z.string().nullable(),
      confirmedSecondsAgo: z.number(),
    })
    .nullable()
    .openapi({ description: 'Null when the database does not answer or has no such slot' }),
  canary: z.object({
    roundTripMs: nullableNumber.openapi({ description: 'Round trip of the last canary that arrived' }),
    waitingMs: z.number().openapi({ description: 'Age of the oldest canary that has not arrived' }),
    sent: z.int(),
    lost: z.int(),
  }),
  watchdog: z.object({
    leads: z.boolean().openapi({ description: 'Whether this instance restarts the connector' }),
    restarts: z.int().openapi({
      description: 'Restarts since the connector last ran for a minute, was paused or was absent',
    }),
    gaveUp: z.boolean(),
  }),
  outbox: z
    .object({
      rows: z.number().openapi({ description: 'Estimated from the statistics of the database' }),
      bytes: z.number(),
      oldestSeconds: nullableNumber,
    })
    .nullable(),
});
export const pipelinesView = z
  .object({ status: z.enum(['ok', 'broken']), pipelines: z.array(pipelineView) })
  .openapi('Pipelines');

export const findingView = z.object({
  id: z.string(),
  invariant: z.string(),
  key: z.string(),
  sentence: z.string(),
  since: z.iso.datetime(),
});
export const reportView = z
  .object({
    status: z.enum(['ok', 'violated']),
    checkedAt: z.iso.datetime(),
    topicsRead: z.boolean().openapi({
      description:
        'False when the topics could not be read; then they were not checked, and earlier findings about them stay',
    }),
    violations: z.array(findingView),
    inFlight: z.int().openapi({
      description: 'Number of differences that events in flight may explain or that only one audit has found',
    }),
    stuck: z.array(
      z.object({
        orderId: z.string(),
        status: z.string(),
        waitsFor: z.enum(['reservation', 'payment', 'pin', 'release', 'refund', 'commit']),
        due: z.iso.datetime(),
        missing: z.array(z.string()),
      }),
    ),
    figures: z.record(z.string(), z.number()),
  })
  .openapi('Audit');

export const connectorActions = ['restart', 'pause', 'resume'] as const;
export type ConnectorAction = (typeof connectorActions)[number];

/** The measurements of one check of a pipeline. */
const sampleView = z.object({
  at: time,
  roundTripMs: nullableNumber.openapi({
    description:
      'The round trip of the last canary that arrived, or the age of the oldest canary that has not arrived, whichever is longer',
  }),
  retainedBytes: nullableNumber.openapi({ description: 'WAL that the slot retains' }),
});

/** The differences between the running configuration of a connector and its file. */
const driftView = z.object({
  sentence: z.string(),
  remedy: z.string(),
  changes: z.array(
    z.object({
      key: z.string(),
      running: z.string().nullable().openapi({
        description: 'The value in Kafka Connect; null when the key is absent. Secrets are not shown.',
      }),
      file: z.string().nullable().openapi({
        description: 'The value in the file; null when the key is absent. Secrets are not shown.',
      }),
      consequence: z.string().openapi({ description: 'The consequence of applying the file' }),
      sentence: z.string(),
      dangerous: z
        .boolean()
        .openapi({ description: 'Not applied unless the operator allows dangerous changes' }),
    }),
  ),
});

export const overviewView = z
  .object({
    status: z.enum(['ok', 'broken']),
    pipelines: z.array(
      pipelineView.extend({
        connectorName: z.string(),
        drift: driftView.nullable().openapi({
          description:
            'Null when Kafka Connect does not answer or has no such connector, or when a file of any connector cannot be read. If nothing differs, `changes` is empty, and `remedy` does not apply.',
        }),
        samples: z
          .array(sampleView)
          .openapi({ description: 'Measurements of the latest checks, oldest first' }),
      }),
    ),
    groups: z
      .array(
        z.object({
          group: z.string(),
          topics: z.array(
            z.object({
              topic: z.string(),
              lag: z.number().openapi({ description: 'Sum over all partitions' }),
              partitions: z.array(
                z.object({
                  partition: z.int(),
                  end: z.int().openapi({ description: 'The first offset after the last record' }),
                  committed: z.int().nullable().openapi({
                    description: 'The next offset to read; null when the group has committed nothing',
                  }),
                  lag: z.int().openapi({
                    description:
                      'Offsets that the group has not read, including transaction markers. A single unread offset counts as 0: it is probably a marker.',
                  }),
                }),
              ),
            }),
          ),
        }),
      )
      .nullable()
      .openapi({
        description: 'Records that each consumer group has not read yet; null when Kafka does not answer',
      }),
  })
  .openapi('PipelinesOverview');

export const incidentsView = z
  .object({
    since: z.iso
      .datetime()
      .openapi({ description: 'When this auditor started; earlier problems are unknown' }),
    data: z
      .array(
        z.object({
          service,
          connectorName: z.string(),
          problem: z.enum(problemNames),
          level: z.enum(['broken', 'warning']),
          sentence: z.string(),
          startedAt: z.iso.datetime(),
          endedAt: z.iso.datetime().nullable().openapi({ description: 'Null while the problem lasts' }),
          restarts: z
            .int()
            .openapi({ description: 'Restarts by the watchdog of this auditor while the problem lasted' }),
          lastAction: z
            .object({
              at: z.iso.datetime(),
              by: z.enum(['watchdog', 'administrator']),
              action: z.enum(connectorActions),
            })
            .nullable()
            .openapi({
              description:
                'The last action on the connector while the problem lasted, or in the 30 seconds before it. A problem can also end without an action here: by a command, or by Kafka Connect itself.',
            }),
        }),
      )
      .openapi({ description: `Newest first, at most ${incidentsKept}` }),
  })
  .openapi('Incidents');

export const invariantsView = reportView
  .extend({
    invariants: z.array(z.object({ name: z.string(), sentence: z.string() })),
  })
  .openapi('Invariants');

export const flowView = z
  .object({
    services: z.array(
      z.object({
        service,
        emitted: z.number().openapi({ description: 'Events committed in the last minute' }),
        consumed: z
          .array(z.object({ topic: z.string(), deliveries: z.number() }))
          .openapi({ description: 'Deliveries handled in the last minute' }),
        parkedDeadLetters: z.number(),
      }),
    ),
    orders: z.object({
      windowMinutes: z.number(),
      placed: z.number(),
      placedLastMinute: z.number(),
      confirmed: z.number(),
      paid: z.number(),
      fulfilled: z.number(),
      cancelled: z.array(z.object({ reason: z.string(), orders: z.number() })),
      toPaidMs: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
      paidInTime: z.number().openapi({
        description: 'Number of the orders in `dueForPayment` that were PAID within two seconds',
      }),
      dueForPayment: z.number().openapi({
        description:
          'Orders with automatic payment that have reached PAID, or that are open, unpaid and older than two seconds',
      }),
      waiting: z.object({ orders: z.number(), oldestMs: z.number() }).openapi({
        description:
          'Unpaid open orders with automatic payment that are older than two seconds, and the age of the oldest in milliseconds',
      }),
    }),
  })
  .openapi('Flow');

export const actionView = z.object({ connector: z.string(), action: z.enum(connectorActions) });

const actionEndpoint = (action: ConnectorAction, summary: string) =>
  endpoint(permissions[`connectors.${action}`], {
    tags: ['pipelines'],
    summary,
    description: 'Writes an entry to the audit log of the service, then calls Kafka Connect.',
    request: { params: z.object({ service }), headers: z.object(idempotencyKeyHeader) },
    responses: {
      202: { description: 'Kafka Connect has accepted the action', content: json(actionView) },
    },
    problems: [409, 422],
  });

export const auditorApi = {
  readFlow: endpoint(permissions['flow.read'], {
    tags: ['flow'],
    summary: 'Current rates of events and deliveries, and the results of recent orders',
    responses: { 200: { description: 'Counted in the databases', content: json(flowView) } },
  }),
  readPipelines: endpoint(permissions['pipelines.read'], {
    tags: ['pipelines'],
    summary: 'The pipelines with their recent samples, and the lag of the consumers',
    responses: { 200: { description: 'The result of the last check', content: json(overviewView) } },
  }),
  restartConnector: actionEndpoint('restart', 'Restart a connector and its tasks'),
  pauseConnector: actionEndpoint('pause', 'Pause a connector; its events wait in the WAL'),
  resumeConnector: actionEndpoint('resume', 'Resume a paused connector'),
  readIncidents: endpoint(permissions['incidents.read'], {
    tags: ['pipelines'],
    summary: 'The problems of the pipelines, and the actions of the watchdog and of administrators',
    responses: { 200: { description: 'Since this auditor started', content: json(incidentsView) } },
  }),
  readInvariants: endpoint(permissions['invariants.read'], {
    tags: ['audit'],
    summary: 'The last audit, with the meaning of each invariant',
    responses: { 200: { description: 'The report and the invariants', content: json(invariantsView) } },
  }),
  readStory: endpoint(permissions['stories.read'], {
    tags: ['stories'],
    summary: 'The story of an order: its events, who consumed them, and when',
    description:
      'Accepts the id of the order (complete, as `01a21536…7983`, or only its first eight digits), the id of one of its events, or a correlation id. Reads all three databases on each request.',
    request: {
      params: z.object({
        id: z
          .string()
          .regex(/^[A-Za-z0-9._…-]{1,128}$/, 'must be the id of an order or an event, or a correlation id'),
      }),
    },
    responses: { 200: { description: 'The story', content: json(storyView) } },
  }),
};
