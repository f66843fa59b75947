// Brings a connector to what its file says: the boot of the embedded stack and `npm run connectors -- apply` both come through
// here. Safe to repeat: what is as described is left alone. What would lose, repeat or misroute events is refused.
import { callConnect, restartConnector, stateOf } from '../../services/auditor/pipelines/connect-rest.ts';
import { until, type Wait } from '../stack/supervise/deadline.ts';
import { failure } from '../../schemas/tools/failure.ts';
import { services, type ServiceName } from '../stack/topology.ts';
import { connectorFile, readConnector, type ConnectorConfig } from './files.ts';
import { changesBetween, type Change } from './impact.ts';
import { lint } from './lint.ts';
import { configOf, refusalOf } from './connect-admin.ts';

export interface Plan {
  readonly service: ServiceName;
  readonly connector: string;
  readonly desired: ConnectorConfig;
  /** What Connect has; undefined when it has none of that name. */
  readonly actual: Readonly<Record<string, unknown>> | undefined;
  /** Whether Connect has it at all. */
  readonly exists: boolean;
  readonly changes: readonly Change[];
}

/** The way from what Connect has to what the file says. */
export const planConnector = async (url: string, service: ServiceName): Promise<Plan> => {
  const { connector } = services[service];
  const desired = readConnector(service);
  const actual = await configOf(url, connector);
  const changes = actual === undefined ? [] : changesBetween(desired, actual);
  return { service, connector, desired, actual, exists: actual !== undefined, changes };
};

const expectLint = (service: ServiceName, config: ConnectorConfig): void => {
  const [first, ...others] = lint(service, config);
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `, and ${others.length} more: npm run connectors -- validate`;
  throw failure(`${connectorFile(service)} would cost events: ${first.key} ${first.problem}${more}`);
};

export type Applied = 'created' | 'changed' | 'unchanged';

export interface Outcome {
  readonly applied: Applied;
  readonly changed: readonly Change[];
  /** Left as they are, since they cannot be taken back. */
  readonly left: readonly Change[];
}

export interface ApplyOptions extends Omit<Wait, 'what'> {
  readonly url: string;
  /** What to do with what cannot be taken back; to throw a failure when absent. */
  readonly dangerous?: 'allow' | 'leave';
}

/** Pure: the wanted configuration, with some keys as Connect has them. */
const without = (
  left: readonly Change[],
  { desired, actual = {} }: Plan,
): Readonly<Record<string, unknown>> => {
  const keys = new Set(left.map(({ key }) => key));
  const wanted = Object.entries(desired).filter(([key]) => !keys.has(key));
  const kept = Object.entries(actual).filter(([key]) => keys.has(key));
  return Object.fromEntries([...wanted, ...kept]);
};

export const sentenceOf = ({ key, from, to, sentence }: Change): string =>
  `${key}: ${from ?? '-'} → ${to ?? '-'}. ${sentence}`;

/** Stores the configuration; does not wait for the task. Throws a failure that names what is refused, and by whom. */
export const applyConnector = async (service: ServiceName, options: ApplyOptions): Promise<Outcome> => {
  const { url, dangerous: policy, ...wait } = options;
  const { connector } = services[service];
  expectLint(service, readConnector(service));
  return until({ ...wait, what: `Kafka Connect to take connector ${connector}` }, async () => {
    const plan = await planConnector(url, service);
    const dangerous = plan.changes.filter((change) => change.dangerous);
    if (dangerous.length > 0 && policy === undefined)
      throw failure(
        [
          `the connector ${connector} is not changed, since this cannot be taken back:`,
          ...dangerous.map((change) => `  ${sentenceOf(change)}`),
          '  npm run connectors -- plan shows everything; apply --allow-dangerous does it all the same',
        ].join('\n'),
      );
    const left = policy === 'leave' ? dangerous : [];
    const changed = plan.changes.filter((change) => !left.includes(change));
    if (plan.exists && changed.length === 0) return { applied: 'unchanged', changed, left };
    const reply = await callConnect(`${url}/connectors/${connector}/config`, {
      method: 'PUT',
      body: JSON.stringify(without(left, plan)),
    });
    if (reply.status === 200 || reply.status === 201)
      return { applied: plan.exists ? 'changed' : 'created', changed, left };
    // 404 and 5xx are of a worker that is still starting, 409 is a rebalance under way.
    if (reply.status === 404 || reply.status === 409 || reply.status >= 500)
      throw new Error(refusalOf(reply));
    throw failure(`Kafka Connect refuses ${connectorFile(service)}: ${refusalOf(reply)}`, options.log);
  });
};

/** Longer than a worker takes to start a task again after it was told to. */
const staleMs = 10_000;

/**
 * Returns once the connector runs, or `paused` when somebody has paused or stopped it, which is left as it is. What Connect says
 * first may be of the task before: one that has failed is started again, once, and its failure counts when it comes back.
 */
export const awaitRunning = async (
  service: ServiceName,
  { url, ...wait }: Omit<Wait, 'what'> & { readonly url: string },
): Promise<'running' | 'paused'> => {
  const { connector } = services[service];
  let restartedAt: number | undefined;
  let isFresh = false;
  return until({ ...wait, what: `connector ${connector} to run`, everyMs: 100 }, async () => {
    const { status, body } = await callConnect(`${url}/connectors/${connector}/status`);
    if (status !== 200) return false;
    const state = stateOf(body);
    if (state.kind !== 'failed') {
      isFresh = restartedAt !== undefined;
      return state.kind === 'running' || state.kind === 'paused' ? state.kind : false;
    }
    if (restartedAt === undefined) {
      await restartConnector(url, connector, 'failed');
      restartedAt = performance.now();
    } else if (isFresh || performance.now() - restartedAt > staleMs)
      throw failure(`connector ${connector} has failed:\n    ${state.why}`, wait.log);
    return false;
  });
};
