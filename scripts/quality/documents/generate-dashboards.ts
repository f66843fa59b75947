// Writes the Grafana dashboards from the short description below: a graph is its title, its unit and its queries, and what
// Grafana needs besides is the same for all. A unit test holds every query against the figures that are exposed, and the
// written files against this one. In Grafana they are read only: who wants another graph changes it here.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const observabilityFolder = join(import.meta.dirname, '..', '..', '..', 'deploy', 'observability');
export const dashboardsFolder = join(observabilityFolder, 'grafana', 'dashboards');
/** The data source, as deploy/observability/grafana/provisioning names it. */
export const prometheusUid = 'orderflow-prometheus';

type Unit = 's' | 'bytes' | 'percentunit' | 'reqps' | 'ops' | 'short' | 'none';

interface Panel {
  readonly title: string;
  readonly unit: Unit;
  /** What the graph tells, and what to think of it. */
  readonly about: string;
  /** A query by the legend of what it draws. */
  readonly queries: Readonly<Record<string, string>>;
  /** One figure instead of a graph. */
  readonly single?: true;
  /** From here on it is red. */
  readonly limit?: number;
}

interface Dashboard {
  /** Stable: links and bookmarks go by it. */
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly rows: Readonly<Record<string, readonly Panel[]>>;
}

const rate = (figure: string, by: string, selector = ''): string =>
  `sum by (${by}) (rate(${figure}${selector}[$__rate_interval]))`;
const quantile = (q: number, figure: string, by: string, selector = ''): string =>
  `histogram_quantile(${q}, ${rate(`${figure}_bucket`, by === '' ? 'le' : `le, ${by}`, selector)})`;
const auto = '{mode="AUTO"}';
/** How far an order is after being placed, half of them and the slowest of a hundred. */
const since = (step: string): Readonly<Record<string, string>> => ({
  'p50 {{mode}}': quantile(0.5, `orderflow_order_${step}_seconds`, 'mode', auto),
  'p95 {{mode}}': quantile(0.95, `orderflow_order_${step}_seconds`, 'mode', auto),
  'p99 {{mode}}': quantile(0.99, `orderflow_order_${step}_seconds`, 'mode', auto),
});

export const dashboards: Readonly<Record<string, Dashboard>> = {
  'saga.json': {
    uid: 'orderflow-saga',
    title: 'OrderFlow: saga',
    about: 'What becomes of orders, how long it takes, and whether the promise to customers is kept.',
    rows: {
      'The promise: 99 % PAID or CANCELLED within 2 s': [
        {
          title: 'Late, of the last hour',
          unit: 'percentunit',
          about: 'AUTO orders that were not settled within 2 s. Nothing where nobody orders.',
          queries: { late: 'orderflow:orders_late:ratio1h' },
          single: true,
          limit: 0.01,
        },
        {
          title: 'Placed in the last hour',
          unit: 'short',
          about: 'AUTO orders.',
          queries: { placed: 'orderflow:orders_placed:increase1h' },
          single: true,
        },
        {
          title: 'Burn rate',
          unit: 'short',
          about: 'How many times too fast the budget of 30 days goes. The alerts are at 14.4, 6, 3 and 1.',
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
          about: 'Orders per second, by who starts the payment.',
          queries: { '{{mode}}': rate('orderflow_orders_placed_total', 'mode') },
        },
        {
          title: 'Ended',
          unit: 'ops',
          about: 'By outcome and the first cause of it.',
          queries: { '{{outcome}} {{reason}}': rate('orderflow_orders_ended_total', 'outcome, reason') },
        },
        {
          title: 'Stuck, and invariants that do not hold',
          unit: 'none',
          about: 'From the auditor. Everything but 0 is an alert.',
          queries: {
            stuck: 'max(orderflow_stuck_orders)',
            '{{invariant}}': 'max by (invariant) (orderflow_invariant_violations)',
          },
          limit: 1,
        },
      ],
      'How long it takes': [
        {
          title: 'Placed → confirmed',
          unit: 's',
          about: 'Until the stock is held.',
          queries: since('confirmed'),
        },
        { title: 'Placed → PAID', unit: 's', about: 'Until the money is there.', queries: since('paid') },
        {
          title: 'Placed → PAID or CANCELLED',
          unit: 's',
          about: 'What the promise is about.',
          queries: since('settled'),
          limit: 2,
        },
        {
          title: 'Outbox → broker, p95',
          unit: 's',
          about: 'From the decision to the moment the broker has the event: commit, WAL, Debezium, Kafka.',
          queries: { '{{event_type}}': quantile(0.95, 'orderflow_event_publication_seconds', 'event_type') },
        },
        {
          title: 'Broker → commit of the consumer, p95',
          unit: 's',
          about: 'Fetch, queue and the transaction of who reads it.',
          queries: {
            '{{group}} {{event_type}}': quantile(
              0.95,
              'orderflow_event_consumption_seconds',
              'group, event_type',
            ),
          },
        },
      ],
      'Stock and money': [
        {
          title: 'Reservations held',
          unit: 'none',
          about: 'Reserved ones lapse, pinned ones wait to be shipped.',
          queries: { '{{state}}': 'max by (state) (orderflow_reservations_held)' },
        },
        {
          title: 'Reservations, changes',
          unit: 'ops',
          about: 'What reservations come to.',
          queries: { '{{state}}': rate('orderflow_reservation_changes_total', 'state') },
        },
        {
          title: 'Payments',
          unit: 'ops',
          about: 'Charged, declined, refunded.',
          queries: { '{{outcome}}': rate('orderflow_payments_total', 'outcome') },
        },
        {
          title: 'Calls of the gateway',
          unit: 'ops',
          about: 'Unknown: no answer, so the payment stays open and is asked about again.',
          queries: {
            '{{outcome}}': rate('orderflow_gateway_calls_total', 'outcome'),
            'turned away by the breaker': 'sum(rate(orderflow_gateway_turned_away_total[$__rate_interval]))',
          },
        },
        {
          title: 'Circuit breaker',
          unit: 'none',
          about: 'How many instances of the payment service are in which state.',
          queries: { '{{state}}': 'sum by (state) (orderflow_gateway_circuit_state)' },
        },
        {
          title: 'Requests to the gateway that wait',
          unit: 'none',
          about: 'Written down, with an outcome that is not known yet.',
          queries: { '{{kind}}': 'max by (kind) (orderflow_gateway_requests_waiting)' },
        },
      ],
    },
  },
  'cdc-pipeline.json': {
    uid: 'orderflow-cdc-pipeline',
    title: 'OrderFlow: CDC pipeline',
    about: 'The way from the outboxes through WAL, slot, Debezium and Kafka to the consumers.',
    rows: {
      'Does it flow?': [
        {
          title: 'Pipelines that flow',
          unit: 'none',
          about: 'There are three.',
          queries: { flowing: 'sum(max by (service) (orderflow_pipeline_up))' },
          single: true,
        },
        {
          title: 'Problems',
          unit: 'none',
          about: 'What the auditor finds wrong; each has a section in connectors/runbooks.',
          queries: {
            // A plain 0 while there is none.
            '{{service}} {{problem}}':
              'max by (service, problem) (orderflow_pipeline_problem) > 0 or ' +
              '(vector(0) unless on () (max(orderflow_pipeline_problem) > 0))',
          },
        },
        {
          title: 'Connectors',
          unit: 'none',
          about: 'What Connect says of them.',
          queries: { '{{service}} {{state}}': 'max by (service, state) (orderflow_connector_state) > 0' },
        },
        {
          title: 'Canaries, p95 of the round trip',
          unit: 's',
          about: 'From an insert into the outbox to reading it from its topic.',
          queries: { '{{service}}': quantile(0.95, 'orderflow_canary_round_trip_seconds', 'service') },
          limit: 2.5,
        },
        {
          title: 'Oldest canary on its way',
          unit: 's',
          about: 'Whatever was committed since waits as long.',
          queries: { '{{service}}': 'max by (service) (orderflow_canary_waiting_seconds)' },
          limit: 30,
        },
        {
          title: 'Watchdog',
          unit: 'none',
          about: 'Restarts of a connector in half an hour, and whether it has given up.',
          queries: {
            'restarts {{service}}': 'sum by (service) (increase(orderflow_watchdog_restarts_total[30m]))',
            'gave up {{service}}': 'max by (service) (orderflow_watchdog_gave_up)',
          },
          limit: 1,
        },
      ],
      'Slot and WAL': [
        {
          title: 'Behind',
          unit: 'bytes',
          about: 'WAL after the position that Debezium has confirmed.',
          queries: { '{{service}}': 'max by (service) (orderflow_slot_lag_bytes)' },
          limit: 67_108_864,
        },
        {
          title: 'Kept for the slot',
          unit: 'bytes',
          about: 'WAL that PostgreSQL cannot remove.',
          queries: { '{{service}}': 'max by (service) (orderflow_slot_retained_wal_bytes)' },
        },
        {
          title: 'Until the slot is in danger',
          unit: 'bytes',
          about: 'WAL that may still be written. At 0 the slot is lost, and events with it.',
          queries: { '{{service}}': 'min by (service) (orderflow_slot_safe_wal_bytes)' },
        },
        {
          title: 'Confirmed position has not moved for',
          unit: 's',
          about: 'Every heartbeat moves it.',
          queries: { '{{service}}': 'max by (service) (orderflow_slot_confirmed_age_seconds)' },
        },
      ],
      'Debezium and Connect': [
        {
          title: 'Behind the database',
          unit: 's',
          about: 'Between the commit of the last event and Debezium taking it.',
          queries: { '{{server}}': 'max by (server) (debezium_streaming_behind_source_seconds)' },
          limit: 30,
        },
        {
          title: 'Room in the queue',
          unit: 'percentunit',
          about: 'At 0 Debezium waits for Kafka.',
          queries: {
            '{{server}}':
              'min by (server) (debezium_streaming_queue_remaining_capacity / debezium_streaming_queue_capacity)',
          },
        },
        {
          title: 'Changes seen',
          unit: 'ops',
          about: 'Rows of the outbox, canaries included.',
          queries: { '{{server}}': rate('debezium_streaming_events_seen_total', 'server') },
        },
        {
          title: 'Written to Kafka',
          unit: 'ops',
          about: 'Events, canaries and heartbeats.',
          queries: { '{{connector}}': rate('kafka_connect_source_records_written_total', 'connector') },
        },
        {
          title: 'Failed or left out',
          unit: 'none',
          about: 'In an hour. A record that is left out is an event lost.',
          queries: {
            'failed {{connector}}':
              'sum by (connector) (increase(kafka_connect_task_record_failures_total[1h]))',
            'left out {{connector}}':
              'sum by (connector) (increase(kafka_connect_task_records_skipped_total[1h]))',
          },
          limit: 1,
        },
      ],
      'Outboxes and consumers': [
        {
          title: 'Events appended',
          unit: 'ops',
          about: 'By committed transactions.',
          queries: { '{{event_type}}': rate('orderflow_events_appended_total', 'event_type') },
        },
        {
          title: 'Rows of the outbox',
          unit: 'short',
          about: 'As the database estimates them; retention deletes the old ones.',
          queries: { '{{service}}': 'max by (service) (orderflow_outbox_rows)' },
        },
        {
          title: 'Oldest row',
          unit: 's',
          about: 'Beyond nine days retention does not delete.',
          queries: { '{{service}}': 'max by (service) (orderflow_outbox_oldest_row_age_seconds)' },
          limit: 777_600,
        },
        {
          title: 'Consumer lag',
          unit: 'short',
          about: 'Records that a group has still to read.',
          queries: { '{{group}} {{topic}}': 'max by (group, topic) (orderflow_consumer_lag_records)' },
          limit: 1_000,
        },
      ],
    },
  },
  'services.json': {
    uid: 'orderflow-services',
    title: 'OrderFlow: services',
    about: 'Requests, events and processes.',
    rows: {
      Requests: [
        {
          title: 'Requests',
          unit: 'reqps',
          about: 'By process. Probes and scrapes count too.',
          queries: { '{{job}}': rate('http_server_request_duration_seconds_count', 'job') },
        },
        {
          title: 'Answered 5xx',
          unit: 'percentunit',
          about: 'Share of all requests of a process.',
          queries: {
            '{{job}}':
              // A process that has never answered 5xx has no such series.
              `(${rate('http_server_request_duration_seconds_count', 'job', '{status=~"5.."}')} or ` +
              `0 * ${rate('http_server_request_duration_seconds_count', 'job')}) / ` +
              rate('http_server_request_duration_seconds_count', 'job'),
          },
          limit: 0.01,
        },
        {
          title: 'Duration, p95',
          unit: 's',
          about: 'By route; streams and waits last as long as they are asked to.',
          queries: {
            '{{job}} {{method}} {{route}}': quantile(
              0.95,
              'http_server_request_duration_seconds',
              'job, method, route',
            ),
          },
        },
        {
          title: 'By status',
          unit: 'reqps',
          about: '429 and 503 are refusals at the door.',
          queries: { '{{status}}': rate('http_server_request_duration_seconds_count', 'status') },
        },
        {
          title: 'Under way',
          unit: 'none',
          about: 'Requests at this moment.',
          queries: { '{{job}}': 'sum by (job) (http_server_active_requests)' },
        },
        {
          title: 'Refused',
          unit: 'reqps',
          about: 'Because of too much load.',
          queries: { '{{job}}': rate('http_server_refused_requests_total', 'job') },
        },
      ],
      Events: [
        {
          title: 'Handled',
          unit: 'ops',
          about: 'By group and what came of it.',
          queries: { '{{group}} {{outcome}}': rate('orderflow_events_handled_total', 'group, outcome') },
        },
        {
          title: 'Duplicates',
          unit: 'ops',
          about:
            'Deliveries that the inbox recognised. Some after every restart of a consumer or a connector.',
          queries: { '{{group}}': rate('orderflow_inbox_duplicates_total', 'group') },
        },
        {
          title: 'Retries',
          unit: 'ops',
          about: 'Attempts that failed for a cause that passes, and were repeated.',
          queries: { '{{group}}': rate('orderflow_event_retries_total', 'group') },
        },
        {
          title: 'Keys that wait',
          unit: 'none',
          about: 'Their next record failed for a cause that passes; other keys go on.',
          queries: { '{{group}}': 'sum by (group) (orderflow_consumer_waiting_keys)' },
          limit: 1,
        },
        {
          title: 'Dead letters in an hour',
          unit: 'none',
          about: 'Records that could not be handled, by why.',
          queries: {
            '{{group}} {{reason}}': 'sum by (group, reason) (increase(orderflow_dead_letters_total[1h]))',
          },
          limit: 1,
        },
        {
          title: 'Dead letters parked',
          unit: 'none',
          about: 'They wait for somebody to replay or discard them.',
          queries: { '{{service}}': 'max by (service) (orderflow_dead_letters_parked)' },
          limit: 1,
        },
        {
          title: 'Consumers that have halted',
          unit: 'none',
          about: 'Because most records would have become dead letters.',
          queries: { '{{group}}': 'sum by (group) (orderflow_consumer_halted)' },
          limit: 1,
        },
      ],
      Processes: [
        {
          title: 'CPU',
          unit: 'percentunit',
          about: 'Of one core.',
          queries: { '{{job}} {{instance}}': rate('process_cpu_seconds_total', 'job, instance') },
        },
        {
          title: 'Memory',
          unit: 'bytes',
          about: 'Resident.',
          queries: { '{{job}} {{instance}}': 'process_resident_memory_bytes' },
        },
        {
          title: 'Heap used',
          unit: 'bytes',
          about: 'Of V8.',
          queries: { '{{job}} {{instance}}': 'nodejs_heap_size_used_bytes' },
        },
        {
          title: 'Event loop, p99 of the lag',
          unit: 's',
          about: 'Beyond a second on average requests are refused.',
          queries: { '{{job}} {{instance}}': 'nodejs_eventloop_lag_p99_seconds' },
          limit: 1,
        },
        {
          title: 'Garbage collection',
          unit: 'percentunit',
          about: 'Share of the time.',
          queries: { '{{job}}': rate('nodejs_gc_duration_seconds_sum', 'job') },
        },
      ],
    },
  },
};

const datasource = { type: 'prometheus', uid: prometheusUid };
const columns = 24;
const height = 8;

const panelOf = ({ title, unit, about, queries, single, limit }: Panel) => ({
  type: single ? 'stat' : 'timeseries',
  title,
  description: about,
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

/** Panels in rows of three at most, each with a number that is its own. */
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

/** The dashboard as Grafana reads it. */
export const generateDashboard = ({ uid, title, about, rows }: Dashboard): string =>
  `${JSON.stringify(
    {
      uid,
      title,
      description: about,
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

/** What is wrong with the files, or undefined. */
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
