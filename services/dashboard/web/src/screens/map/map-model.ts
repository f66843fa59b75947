// Converts the health of the components, the pipelines and the event flow into the nodes and edges of the map. Pure.
import type { Flow, Pipeline, PipelinesOverview, ServiceName, SystemHealth } from '../../api/types.ts';
import { formatBytes, formatCount, formatDuration, formatNumber } from '../../parts/format.ts';
import { causesOf, conditionOf } from '../pipelines/causes.ts';
import { serviceNames } from '../../parts/service-names.ts';

/** `paused`: somebody paused the connector on purpose. */
type Health = 'ok' | 'warning' | 'paused' | 'broken' | 'unknown';

export interface MapNode {
  readonly id: string;
  readonly label: string;
  readonly detail: string;
  readonly health: Health;
  /** A colour token. */
  readonly color: 'order' | 'inventory' | 'payment' | 'gateway' | 'cdc' | 'kafka' | 'ink-3';
  readonly column: number;
  readonly row: number;
  /** The page that a click opens. */
  readonly to: string;
}

export interface MapEdge {
  readonly from: string;
  readonly to: string;
  /** Events or deliveries per minute; undefined when not measured. */
  readonly rate: number | undefined;
  readonly health: Health;
  readonly color: MapNode['color'];
}

export interface SystemMap {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

export interface Sources {
  readonly health: SystemHealth | undefined;
  readonly pipelines: PipelinesOverview | undefined;
  readonly flow: Flow | undefined;
}

const perMinute = (count: number): string => `${formatNumber(count)}/min`;

const healthOf = ({ health }: Sources, name: string): Health => {
  const part = health?.parts?.find((candidate) => candidate.name === name);
  switch (part?.status) {
    case 'ok':
      return 'ok';
    case 'degraded':
      return 'warning';
    case 'unavailable':
      return 'broken';
    default:
      return 'unknown';
  }
};

const detailOf = ({ health }: Sources, name: string, healthyDetail: string): string => {
  const part = health?.parts?.find((candidate) => candidate.name === name);
  if (part === undefined) return 'unknown';
  if (part.status === 'ok') return healthyDetail;
  return part.detail === '' ? part.status : part.detail;
};

const connectorHealth = (pipeline: Pipeline | undefined): Health => {
  if (pipeline === undefined) return 'unknown';
  const condition = conditionOf(pipeline);
  if (condition !== 'healthy') return condition;
  return pipeline.problems.length > 0 ? 'warning' : 'ok';
};

const connectorDetail = (pipeline: Pipeline | undefined): string => {
  if (pipeline === undefined) return 'unknown';
  if (conditionOf(pipeline) === 'paused') return 'its events wait in the WAL';
  const [cause] = causesOf(pipeline.problems);
  if (cause !== undefined) return cause.problem.replaceAll('_', ' ');
  const { roundTripMs } = pipeline.canary;
  const slotLag = `slot ${formatBytes(pipeline.slot?.lagBytes ?? 0)} behind`;
  return roundTripMs === null ? slotLag : `${formatDuration(roundTripMs)} · ${slotLag}`;
};

const worstOf = (healths: readonly Health[]): Health =>
  (['broken', 'warning', 'unknown'] as const).find((health) => healths.includes(health)) ?? 'ok';

/** Undefined while the flow is unknown. */
const deliveriesPerMinute = ({ flow }: Sources, service: ServiceName): number | undefined =>
  flow?.services
    .flatMap(({ consumed }) => consumed)
    .filter(({ topic }) => topic === `${service}-events`)
    .reduce((sum, { deliveries }) => sum + deliveries, 0);

/** The consumers of a topic: the other services, with their delivery rate and the largest lag. */
const consumersOf = (sources: Sources, service: ServiceName, row: number): MapNode => {
  const consumers = serviceNames.filter((other) => other !== service);
  const lag = sources.pipelines?.groups
    ?.flatMap(({ topics }) => topics)
    .filter(({ topic }) => topic === `${service}-events`)
    .reduce((maxLag, topic) => Math.max(maxLag, topic.lag), 0);
  const rate = deliveriesPerMinute(sources, service);
  const details = [
    rate === undefined ? [] : `${perMinute(rate)} handled`,
    lag === undefined ? [] : `lag ${formatNumber(lag)}`,
  ].flat();
  return {
    id: `${service}-consumers`,
    label: consumers.join(', '),
    detail: details.join(' · ') || 'consumers',
    health: worstOf(consumers.map((consumer) => healthOf(sources, consumer))),
    color: 'kafka',
    column: 4,
    row,
    to: '/pipelines',
  };
};

const nodesOf = (sources: Sources, service: ServiceName, row: number): MapNode[] => {
  const { flow, pipelines } = sources;
  const serviceFlow = flow?.services.find((candidate) => candidate.service === service);
  const pipeline = pipelines?.pipelines.find((candidate) => candidate.service === service);
  const handled = serviceFlow?.consumed.reduce((sum, { deliveries }) => sum + deliveries, 0);
  return [
    {
      id: service,
      label: service,
      detail: detailOf(sources, service, handled === undefined ? 'up' : `${perMinute(handled)} handled`),
      health: healthOf(sources, service),
      color: service,
      column: 0,
      row,
      to: '/status',
    },
    {
      id: `${service}-db`,
      label: `${service}-db`,
      detail: detailOf(
        sources,
        `${service}-db`,
        pipeline?.outbox ? `outbox ${formatCount(pipeline.outbox.rows, 'row')}` : 'up',
      ),
      health: healthOf(sources, `${service}-db`),
      color: service,
      column: 1,
      row,
      to: '/pipelines',
    },
    {
      id: `${service}-outbox`,
      label: `${service}-outbox`,
      detail: connectorDetail(pipeline),
      health: connectorHealth(pipeline),
      color: 'cdc',
      column: 2,
      row,
      to: '/pipelines',
    },
    {
      id: `${service}-events`,
      label: `${service}-events`,
      detail: serviceFlow === undefined ? 'topic' : `${perMinute(serviceFlow.emitted)} emitted`,
      health: healthOf(sources, 'kafka'),
      color: 'kafka',
      column: 3,
      row,
      to: '/events',
    },
    consumersOf(sources, service, row),
  ];
};

const edgesOf = (sources: Sources, service: ServiceName): MapEdge[] => {
  const serviceFlow = sources.flow?.services.find((candidate) => candidate.service === service);
  const pipeline = sources.pipelines?.pipelines.find((candidate) => candidate.service === service);
  const pipelineHealth = connectorHealth(pipeline);
  return [
    {
      from: service,
      to: `${service}-db`,
      rate: serviceFlow?.emitted,
      health: healthOf(sources, service),
      color: service,
    },
    {
      from: `${service}-db`,
      to: `${service}-outbox`,
      rate: serviceFlow?.emitted,
      health: pipelineHealth,
      color: 'cdc',
    },
    {
      from: `${service}-outbox`,
      to: `${service}-events`,
      rate: serviceFlow?.emitted,
      health: pipelineHealth,
      color: 'cdc',
    },
    {
      from: `${service}-events`,
      to: `${service}-consumers`,
      rate: deliveriesPerMinute(sources, service),
      health: worstOf(
        serviceNames.filter((other) => other !== service).map((other) => healthOf(sources, other)),
      ),
      color: 'kafka',
    },
  ];
};

export const mapOf = (sources: Sources): SystemMap => {
  const openDeadLetters = sources.flow?.services.reduce(
    (sum, { parkedDeadLetters }) => sum + parkedDeadLetters,
    0,
  );
  const sharedComponents: readonly MapNode[] = [
    ['gateway', 'payment provider', 'gateway', '/status', 'responding'] as const,
    ['connect', 'Kafka Connect', 'cdc', '/pipelines', 'runs the connectors'] as const,
    ['kafka', 'Kafka', 'kafka', '/pipelines', 'stores the topics'] as const,
    ['registry', 'schema registry', 'kafka', '/events', 'stores the schemas'] as const,
  ].map(([id, label, color, to, healthyDetail], index) => ({
    id,
    label,
    detail: detailOf(sources, id, healthyDetail),
    health: healthOf(sources, id),
    color,
    column: index,
    row: serviceNames.length,
    to,
  }));
  const deadLetters: MapNode = {
    id: 'dead-letters',
    label: 'dead letters',
    detail:
      openDeadLetters === undefined
        ? 'unknown'
        : openDeadLetters === 0
          ? 'none'
          : `${formatNumber(openDeadLetters)} open`,
    health: openDeadLetters === undefined ? 'unknown' : openDeadLetters === 0 ? 'ok' : 'warning',
    color: 'ink-3',
    column: 4,
    row: serviceNames.length,
    to: '/failed',
  };
  return {
    nodes: [
      ...serviceNames.flatMap((service, row) => nodesOf(sources, service, row)),
      ...sharedComponents,
      deadLetters,
    ],
    edges: [
      ...serviceNames.flatMap((service) => edgesOf(sources, service)),
      {
        from: 'payment',
        to: 'gateway',
        rate: undefined,
        health: healthOf(sources, 'gateway'),
        color: 'gateway',
      },
    ],
  };
};

/**
 * The headline names the component that is broken, paused or unknown, or the number of such components. Otherwise it says that
 * all systems are operational, and mentions a warning of a component; open dead letters do not count. Until a state is known,
 * it says that the components are being checked.
 */
export const headlineOf = ({ nodes }: SystemMap): string => {
  if (nodes.every(({ health }) => health === 'unknown')) return 'Checking all components';
  for (const health of ['broken', 'paused', 'unknown'] as const) {
    const [first, ...others] = nodes.filter((node) => node.health === health);
    if (first === undefined) continue;
    const subject = others.length === 0 ? first.label : `${others.length + 1} components`;
    if (health === 'unknown') return `The state of ${subject} is unknown`;
    return `${subject} ${others.length === 0 ? 'is' : 'are'} ${health}`;
  }
  const hasWarning = nodes.some(({ id, health }) => health === 'warning' && id !== 'dead-letters');
  return hasWarning ? 'All systems operational, with a warning' : 'All systems operational';
};
