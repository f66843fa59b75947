// Generates the Grafana dashboards from the short definitions below. Unit tests check that every query names exposed metrics and
// that the generated files are up to date. The dashboards are read-only in Grafana; change them here.
// Run: node scripts/quality/documents/generate-dashboards.ts
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const observabilityFolder = join(import.meta.dirname, '..', '..', '..', 'deploy', 'observability');
export const dashboardsFolder = join(observabilityFolder, 'grafana', 'dashboards');
/** The uid of the data source in deploy/observability/grafana/provisioning. */
export const prometheusUid = 'orderflow-prometheus';

type Unit = 's' | 'bytes' | 'percentunit' | 'reqps' | 'ops' | 'short' | 'none';

interface Panel {
  readonly title: string;
  readonly unit: Unit;
  readonly description: string;
  /** Queries by legend. */
  readonly queries: Readonly<Record<string, string>>;
  /** Show one value instead of a graph. */
  readonly single?: true;
  /** Values from here on are red. */
  readonly limit?: number;
}

interface Dashboard {
  /** Never change it: links and bookmarks contain it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: Readonly<Record<string, readonly Panel[]>>;
}

const rate = (metric: string, by: string, selector = ''): string =>
  `sum by (${by}) (rate(${metric}${selector}[$__rate_interval]))`;
const quantile = (q: number, metric: string, by: string, selector = ''): string =>
  `histogram_quantile(${q}, ${rate(`${metric}_bucket`, by === '' ? 'le' : `le, ${by}`, selector)})`;
const auto = '{mode="AUTO"}';
/** Quantiles of the time from placing an order to a step of it. */
const timeTo = (step: string): Readonly<Record<string, string>> => ({
  'p50 {{mode}}': quantile(0.5, `orderflow_order_${step}_seconds`, 'mode', auto),
  'p95 {{mode}}': quantile(0.95, `orderflow_order_${step}_seconds`, 'mode', auto),
  'p99 {{mode}}': quantile(0.99, `orderflow_order_${step}_seconds`, 'mode', auto),
});

export const dashboards: Readonly<Record<string, Dashboard>> = {
  'saga.json': {
    uid: 'orderflow-saga',
    title: 'OrderFlow: saga',
    description: 'Outcomes and durations of orders, and the service level objective.',
    rows: {
      'Service level objective: 99 % PAID or CANCELLED within 2 s': [
        {
          title: 'Late, last hour',
          unit: 'percentunit',
          description: 'Share of AUTO orders not settled within 2 s. Empty when there are no orders.',
          queries: { late: 'orderflow:orders_late:ratio1h' },
          single: true,
          limit: 0.01,
        },
        {
          title: 'Placed, last hour',
          unit: 'short',
          description: 'AUTO orders.',
          queries: { placed: 'orderflow:orders_placed:increase1h' },
          single: true,
        },
        {
          title: 'Burn rate',
          unit: 'short',
          description:
            'Consumption of the 30-day error budget: 1 uses it up in exactly 30 days. The alerts are at 14.4, 6, 3 and 1.',
          queries: {
            '1 h': 'orderflow:orders_late:ratio1h / 0.01',
            '6 h': 'orderflow:orders_late:ratio6h / 0.01',
            '1 d': 'orderflow:orders_late:ratio1d / 0.01',
            '3 d': 'orderflow:orders_late:ratio3d / 0.01',
          },
          limit: 1,
        },
      ],
      Orders: [
        {
          title: 'Placed',
          unit: 'ops',
          description: 'Orders per second by payment mode.',
          queries: { '{{mode}}': rate('orderflow_orders_placed_total', 'mode') },
        },
        {
          title: 'Ended',
          unit: 'ops',
          description: 'Orders per second by outcome and reason.',
          queries: { '{{outcome}} {{reason}}': rate('orderflow_orders_ended_total', 'outcome, reason') },
        },
        {
          title: 'Stuck orders and violated invariants',
          unit: 'none',
          description: 'From the auditor. Anything but 0 is an alert.',
          queries: {
            stuck: 'max(orderflow_stuck_orders)',
            '{{invariant}}': 'max by (invariant) (orderflow_invariant_violations)',
          },
          limit: 1,
        },
      ],
      Durations: [
        {
          title: 'Placed → confirmed',
          unit: 's',
          description: 'Until the stock is reserved.',
          queries: timeTo('confirmed'),
        },
        {
          title: 'Placed → PAID',
          unit: 's',
          description: 'Until the payment succeeded.',
          queries: timeTo('paid'),
        },
        {
          title: 'Placed → PAID or CANCELLED',
          unit: 's',
          description: 'The duration of the service level objective.',
          queries: timeTo('settled'),
          limit: 2,
        },
        {
          title: 'Outbox → broker, p95',
          unit: 's',
          description: 'From the decision to the broker: commit, WAL, Debezium, Kafka.',
          queries: { '{{event_type}}': quantile(0.95, 'orderflow_event_publication_seconds', 'event_type') },
        },
        {
          title: 'Broker → commit of the consumer, p95',
          unit: 's',
          description: 'Fetch, queue and the transaction of the consumer.',
          queries: {
            '{{group}} {{event_type}}': quantile(
              0.95,
              'orderflow_event_consumption_seconds',
              'group, event_type',
            ),
          },
        },
      ],
      'Stock and payments': [
        {
          title: 'Reservations held',
          unit: 'none',
          description: 'Reserved ones expire, pinned ones wait for the shipment.',
          queries: { '{{state}}': 'max by (state) (orderflow_reservations_held)' },
        },
        {
          title: 'Reservation changes',
          unit: 'ops',
          description: 'Per second, by new state.',
          queries: { '{{state}}': rate('orderflow_reservation_changes_total', 'state') },
        },
        {
          title: 'Payments',
          unit: 'ops',
          description: 'Charged, declined, refunded.',
          queries: { '{{outcome}}': rate('orderflow_payments_total', 'outcome') },
        },
        {
          title: 'Gateway calls',
          unit: 'ops',
          description:
            'Unknown: the gateway did not answer, so the payment stays open and the call is repeated.',
          queries: {
            '{{outcome}}': rate('orderflow_gateway_calls_total', 'outcome'),
            'rejected by the circuit breaker':
              'sum(rate(orderflow_gateway_turned_away_total[$__rate_interval]))',
          },
        },
        {
          title: 'Circuit breaker',
          unit: 'none',
          description: 'Instances of the payment service by state.',
          queries: { '{{state}}': 'sum by (state) (orderflow_gateway_circuit_state)' },
        },
        {
          title: 'Gateway requests waiting',
          unit: 'none',
          description: 'Stored requests whose outcome is not known yet.',
          queries: { '{{kind}}': 'max by (kind) (orderflow_gateway_requests_waiting)' },
        },
      ],
    },
  },
  'cdc-pipeline.json': {
    uid: 'orderflow-cdc-pipeline',
    title: 'OrderFlow: CDC pipeline',
    description: 'From the outboxes through WAL, slot, Debezium and Kafka to the consumers.',
    rows: {
      State: [
        {
          title: 'Working pipelines',
          unit: 'none',
          description: 'Of three.',
          queries: { working: 'sum(max by (service) (orderflow_pipeline_up))' },
          single: true,
        },
        {
          title: 'Problems',
          unit: 'none',
          description: 'Problems that the auditor found; each has a section in connectors/runbooks.',
          queries: {
            // 0 when there is no problem.
            '{{service}} {{problem}}':
              'max by (service, problem) (orderflow_pipeline_problem) > 0 or ' +
              '(vector(0) unless on () (max(orderflow_pipeline_problem) > 0))',
          },
        },
        {
          title: 'Connectors',
          unit: 'none',
          description: 'The state that Connect reports.',
          queries: { '{{service}} {{state}}': 'max by (service, state) (orderflow_connector_state) > 0' },
        },
        {
          title: 'Canary round trip, p95',
          unit: 's',
          description: 'From the insert into the outbox to reading the record from its topic.',
          queries: { '{{service}}': quantile(0.95, 'orderflow_canary_round_trip_seconds', 'service') },
          limit: 2.5,
        },
        {
          title: 'Oldest canary not yet received',
          unit: 's',
          description: 'Events committed after it wait too.',
          queries: { '{{service}}': 'max by (service) (orderflow_canary_waiting_seconds)' },
          limit: 30,
        },
        {
          title: 'Watchdog',
          unit: 'none',
          description: 'Restarts of a connector in half an hour, and whether the watchdog has given up.',
          queries: {
            'restarts {{service}}': 'sum by (service) (increase(orderflow_watchdog_restarts_total[30m]))',
            'gave up {{service}}': 'max by (service) (orderflow_watchdog_gave_up)',
          },
          limit: 1,
        },
      ],
      'Slot and WAL': [
        {
          title: 'Slot lag',
          unit: 'bytes',
          description: 'WAL after the position that Debezium has confirmed.',
          queries: { '{{service}}': 'max by (service) (orderflow_slot_lag_bytes)' },
          limit: 67_108_864,
        },
        {
          title: 'WAL retained for the slot',
          unit: 'bytes',
          description: 'WAL that PostgreSQL cannot remove.',
          queries: { '{{service}}': 'max by (service) (orderflow_slot_retained_wal_bytes)' },
        },
        {
          title: 'WAL left before the slot is at risk',
          unit: 'bytes',
          description: 'WAL that can still be written. At 0 the slot and unpublished events are lost.',
          queries: { '{{service}}': 'min by (service) (orderflow_slot_safe_wal_bytes)' },
        },
        {
          title: 'Age of the confirmed position',
          unit: 's',
          description: 'Every heartbeat advances it.',
          queries: { '{{service}}': 'max by (service) (orderflow_slot_confirmed_age_seconds)' },
        },
      ],
      'Debezium and Connect': [
        {
          title: 'Debezium lag',
          unit: 's',
          description: 'From the commit of the last event until Debezium read it.',
          queries: { '{{server}}': 'max by (server) (debezium_streaming_behind_source_seconds)' },
          limit: 30,
        },
        {
          title: 'Free queue capacity',
          unit: 'percentunit',
          description: 'At 0 Debezium waits for Kafka.',
          queries: {
            '{{server}}':
              'min by (server) (debezium_streaming_queue_remaining_capacity / debezium_streaming_queue_capacity)',
          },
        },
        {
          title: 'Changes read',
          unit: 'ops',
          description: 'Rows of the outbox, canaries included.',
          queries: { '{{server}}': rate('debezium_streaming_events_seen_total', 'server') },
        },
        {
          title: 'Written to Kafka',
          unit: 'ops',
          description: 'Events, canaries and heartbeats.',
          queries: { '{{connector}}': rate('kafka_connect_source_records_written_total', 'connector') },
        },
        {
          title: 'Failed or skipped',
          unit: 'none',
          description: 'In an hour. A skipped record is a lost event.',
          queries: {
            'failed {{connector}}':
              'sum by (connector) (increase(kafka_connect_task_record_failures_total[1h]))',
            'skipped {{connector}}':
              'sum by (connector) (increase(kafka_connect_task_records_skipped_total[1h]))',
          },
          limit: 1,
        },
      ],
      'Outboxes and consumers': [
        {
          title: 'Events appended',
          unit: 'ops',
          description: 'By committed transactions.',
          queries: { '{{event_type}}': rate('orderflow_events_appended_total', 'event_type') },
        },
        {
          title: 'Outbox rows',
          unit: 'short',
          description: 'As the database estimates them; retention deletes the old ones.',
          queries: { '{{service}}': 'max by (service) (orderflow_outbox_rows)' },
        },
        {
          title: 'Oldest outbox row',
          unit: 's',
          description: 'Above nine days, retention has stopped deleting.',
          queries: { '{{service}}': 'max by (service) (orderflow_outbox_oldest_row_age_seconds)' },
          limit: 777_600,
        },
        {
          title: 'Consumer lag',
          unit: 'short',
          description: 'Records that a group has not read yet.',
          queries: { '{{group}} {{topic}}': 'max by (group, topic) (orderflow_consumer_lag_records)' },
          limit: 1_000,
        },
      ],
    },
  },
  'services.json': {
    uid: 'orderflow-services',
    title: 'OrderFlow: services',
    description: 'Requests, events and processes.',
    rows: {
      Requests: [
        {
          title: 'Requests',
          unit: 'reqps',
          description: 'By process. Probes and scrapes count too.',
          queries: { '{{job}}': rate('http_server_request_duration_seconds_count', 'job') },
        },
        {
          title: '5xx answers',
          unit: 'percentunit',
          description: 'Share of all requests of a process.',
          queries: {
            '{{job}}':
              // A process without a 5xx answer has no series for it.
              `(${rate('http_server_request_duration_seconds_count', 'job', '{status=~"5.."}')} or ` +
              `0 * ${rate('http_server_request_duration_seconds_count', 'job')}) / ` +
              rate('http_server_request_duration_seconds_count', 'job'),
          },
          limit: 0.01,
        },
        {
          title: 'Duration, p95',
          unit: 's',
          description: 'By route. Streams and long polls last as long as the client requests.',
          queries: {
            '{{job}} {{method}} {{route}}': quantile(
              0.95,
              'http_server_request_duration_seconds',
              'job, method, route',
            ),
          },
        },
        {
          title: 'Requests by status',
          unit: 'reqps',
          description: '429 and 503 are requests refused by rate limits and load shedding.',
          queries: { '{{status}}': rate('http_server_request_duration_seconds_count', 'status') },
        },
        {
          title: 'Active requests',
          unit: 'none',
          description: 'At this moment.',
          queries: { '{{job}}': 'sum by (job) (http_server_active_requests)' },
        },
        {
          title: 'Refused requests',
          unit: 'reqps',
          description: 'Because of too much load.',
          queries: { '{{job}}': rate('http_server_refused_requests_total', 'job') },
        },
      ],
      Events: [
        {
          title: 'Handled',
          unit: 'ops',
          description: 'By group and outcome.',
          queries: { '{{group}} {{outcome}}': rate('orderflow_events_handled_total', 'group, outcome') },
        },
        {
          title: 'Duplicates',
          unit: 'ops',
          description:
            'Deliveries that the inbox discarded. Some occur after every restart of a consumer or a connector.',
          queries: { '{{group}}': rate('orderflow_inbox_duplicates_total', 'group') },
        },
        {
          title: 'Retries',
          unit: 'ops',
          description: 'Attempts that failed for a transient cause and were repeated.',
          queries: { '{{group}}': rate('orderflow_event_retries_total', 'group') },
        },
        {
          title: 'Waiting keys',
          unit: 'none',
          description: 'The next record of the key failed for a transient cause; other keys go on.',
          queries: { '{{group}}': 'sum by (group) (orderflow_consumer_waiting_keys)' },
          limit: 1,
        },
        {
          title: 'New dead letters per hour',
          unit: 'none',
          description: 'Records that could not be handled, by reason.',
          queries: {
            '{{group}} {{reason}}': 'sum by (group, reason) (increase(orderflow_dead_letters_total[1h]))',
          },
          limit: 1,
        },
        {
          title: 'Open dead letters',
          unit: 'none',
          description: 'They wait until an administrator replays or discards them.',
          queries: { '{{service}}': 'max by (service) (orderflow_dead_letters_parked)' },
          limit: 1,
        },
        {
          title: 'Halted consumers',
          unit: 'none',
          description: 'A consumer halts when most records would become dead letters.',
          queries: { '{{group}}': 'sum by (group) (orderflow_consumer_halted)' },
          limit: 1,
        },
      ],
      Processes: [
        {
          title: 'CPU',
          unit: 'percentunit',
          description: 'Of one core.',
          queries: { '{{job}} {{instance}}': rate('process_cpu_seconds_total', 'job, instance') },
        },
        {
          title: 'Memory',
          unit: 'bytes',
          description: 'Resident.',
          queries: { '{{job}} {{instance}}': 'process_resident_memory_bytes' },
        },
        {
          title: 'Heap used',
          unit: 'bytes',
          description: 'V8 heap.',
          queries: { '{{job}} {{instance}}': 'nodejs_heap_size_used_bytes' },
        },
        {
          title: 'Event loop lag, p99',
          unit: 's',
          description: 'When the average is above one second, requests are refused.',
          queries: { '{{job}} {{instance}}': 'nodejs_eventloop_lag_p99_seconds' },
          limit: 1,
        },
        {
          title: 'Garbage collection',
          unit: 'percentunit',
          description: 'Share of time.',
          queries: { '{{job}}': rate('nodejs_gc_duration_seconds_sum', 'job') },
        },
      ],
    },
  },
};

const datasource = { type: 'prometheus', uid: prometheusUid };
const columns = 24;
const height = 8;

const panelOf = ({ title, unit, description, queries, single, limit }: Panel) => ({
  type: single ? 'stat' : 'timeseries',
  title,
  description,
  datasource,
  fieldConfig: {
    defaults: {
      unit,
      min: 0,
      ...(limit !== undefined && {
        thresholds: {
          mode: 'absolute',
          steps: [
            { color: 'green', value: null },
            { color: 'red', value: limit },
          ],
        },
        ...(!single && { custom: { thresholdsStyle: { mode: 'line' } } }),
      }),
    },
    overrides: [],
  },
  ...(single
    ? { options: { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } } }
    : { options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } } }),
  targets: Object.entries(queries).map(([legendFormat, expr], index) => ({
    refId: String.fromCharCode(65 + index),
    datasource,
    expr,
    legendFormat,
  })),
});

/** Places three or four panels in a line and numbers them. */
const layOut = (rows: Dashboard['rows']) => {
  let id = 0;
  let y = 0;
  return Object.entries(rows).flatMap(([title, panels]) => {
    const perLine = Math.min(panels.length, panels.length % 4 === 0 ? 4 : 3);
    const w = columns / perLine;
    const top = y + 1;
    const row = {
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { h: 1, w: columns, x: 0, y },
    };
    y = top + Math.ceil(panels.length / perLine) * height;
    return [
      row,
      ...panels.map((panel, index) => ({
        id: ++id,
        gridPos: { h: height, w, x: (index % perLine) * w, y: top + Math.floor(index / perLine) * height },
        ...panelOf(panel),
      })),
    ];
  });
};

/** The dashboard in Grafana's JSON format. */
const generateDashboard = ({ uid, title, description, rows }: Dashboard): string =>
  `${JSON.stringify(
    {
      uid,
      title,
      description,
      tags: ['orderflow'],
      editable: false,
      graphTooltip: 1,
      refresh: '15s',
      schemaVersion: 39,
      time: { from: 'now-1h', to: 'now' },
      timezone: 'browser',
      links: [{ type: 'dashboards', title: 'OrderFlow', tags: ['orderflow'], asDropdown: false }],
      panels: layOut(rows),
    },
    null,
    2,
  )}\n`;

/** The remedy when the files are stale, else undefined. */
export const dashboardsDrift = (): string | undefined =>
  Object.entries(dashboards).every(
    ([file, dashboard]) =>
      readFileSync(join(dashboardsFolder, file), 'utf8') === generateDashboard(dashboard),
  )
    ? undefined
    : 'deploy/observability/grafana/dashboards is stale; run: node scripts/quality/documents/generate-dashboards.ts';

if (import.meta.main) {
  mkdirSync(dashboardsFolder, { recursive: true });
  for (const [file, dashboard] of Object.entries(dashboards)) {
    writeFileSync(join(dashboardsFolder, file), generateDashboard(dashboard));
    process.stdout.write(`wrote deploy/observability/grafana/dashboards/${file}\n`);
  }
}
