// Applies the configuration in connectors/<service>.json to Kafka Connect, for the boot of the embedded stack and for
// `npm run connectors -- apply`. Applying it again changes nothing. A change that could lose, repeat or misroute events is
// applied only with `--allow-dangerous`.
import { callConnect, restartConnector, stateOf } from '../../services/auditor/pipelines/connect-rest.ts';
import { until, type Wait } from '../stack/supervise/deadline.ts';
import { failure } from '../../schemas/tools/failure.ts';
import { services, type ServiceName } from '../stack/topology.ts';
import { connectorFile, readConnector, type ConnectorConfig } from './files.ts';
import { changesBetween, type Change } from '../../services/auditor/drift/impact.ts';
import { lint } from './lint.ts';
import { configOf, refusalOf } from './connect-admin.ts';

export interface Plan {
  readonly service: ServiceName;
  readonly connector: string;
  readonly desired: ConnectorConfig;
  /** The configuration in Connect; undefined when the connector does not exist. */
  readonly actual: Readonly<Record<string, unknown>> | undefined;
  readonly exists: boolean;
  readonly changes: readonly Change[];
}

/** Compares the configuration in Connect with the file. */
export const planConnector = async (url: string, service: ServiceName): Promise<Plan> => {
  const { connector } = services[service];
  const desired = readConnector(service);
  const actual = await configOf(url, connector);
  const changes = actual === undefined ? [] : changesBetween(desired, actual);
  return { service, connector, desired, actual, exists: actual !== undefined, changes };
};

const expectLintClean = (service: ServiceName, config: ConnectorConfig): void => {
  const [first, ...others] = lint(service, config);
  if (first === undefined) return;
  const more =
    others.length === 0 ? '' : `. ${others.length} more: \`npm run connectors -- validate\` lists them`;
  throw failure(
    `${connectorFile(service)} has a setting that is not safe: ${first.key} ${first.problem}${more}`,
  );
};

export interface Outcome {
  readonly applied: 'created' | 'changed' | 'unchanged';
  readonly changed: readonly Change[];
  /** Dangerous changes that were not applied. */
  readonly left: readonly Change[];
}

interface ApplyOptions extends Omit<Wait, 'what'> {
  readonly url: string;
  /** Whether dangerous changes are applied (`allow`) or left out (`leave`). When absent, a dangerous change is a failure. */
  readonly dangerous?: 'allow' | 'leave';
}

/** The configuration to store: that of the file, but with the keys of `left` as they are in Connect. */
const configWithout = (
  left: readonly Change[],
  { desired, actual = {} }: Plan,
): Readonly<Record<string, unknown>> => {
  const keys = new Set(left.map(({ key }) => key));
  return Object.fromEntries([
    ...Object.entries(desired).filter(([key]) => !keys.has(key)),
    ...Object.entries(actual).filter(([key]) => keys.has(key)),
  ]);
};

export const sentenceOf = ({ key, from, to, sentence }: Change): string =>
  `${key}: ${from ?? '-'} → ${to ?? '-'}. ${sentence}`;

/**
 * Stores the configuration and does not wait for the task. Throws a failure when the lint or Connect refuses the configuration, or
 * when a change is dangerous and `dangerous` is absent.
 */
export const applyConnector = async (service: ServiceName, options: ApplyOptions): Promise<Outcome> => {
  const { url, dangerous: policy, ...wait } = options;
  const { connector } = services[service];
  expectLintClean(service, readConnector(service));
  return until({ ...wait, what: `Kafka Connect to store connector ${connector}` }, async () => {
    const plan = await planConnector(url, service);
    const dangerous = plan.changes.filter((change) => change.dangerous);
    if (dangerous.length > 0 && policy === undefined)
      throw failure(
        [
          `the connector ${connector} is not changed, because these changes are dangerous:`,
          ...dangerous.map((change) => `  ${sentenceOf(change)}`),
          '  npm run connectors -- plan shows all changes; apply --allow-dangerous applies them',
        ].join('\n'),
      );
    const left = policy === 'leave' ? dangerous : [];
    const changed = plan.changes.filter((change) => !left.includes(change));
    if (plan.exists && changed.length === 0) return { applied: 'unchanged', changed, left };
    const reply = await callConnect(`${url}/connectors/${connector}/config`, {
      method: 'PUT',
      body: JSON.stringify(configWithout(left, plan)),
    });
    if (reply.status === 200 || reply.status === 201)
      return { applied: plan.exists ? 'changed' : 'created', changed, left };
    // A worker that is still starting answers 404 or 5xx; during a rebalance it answers 409. Both are temporary.
    if (reply.status === 404 || reply.status === 409 || reply.status >= 500)
      throw new Error(refusalOf(reply));
    throw failure(`Kafka Connect refuses ${connectorFile(service)}: ${refusalOf(reply)}`, options.log);
  });
};

/** For this time after a restart, Connect may still report the failure of the earlier task, ms. */
const staleFailureMs = 10_000;

/**
 * Waits until the connector runs and returns `running`, or returns `paused` when somebody has paused or stopped the connector. A
 * failed status can be from before this call, so the task is restarted once. Throws a failure when the task fails again.
 */
export const awaitRunning = async (
  service: ServiceName,
  { url, ...wait }: Omit<Wait, 'what'> & { readonly url: string },
): Promise<'running' | 'paused'> => {
  const { connector } = services[service];
  let restartedAt: number | undefined;
  let oldFailureIsGone = false;
  return until({ ...wait, what: `connector ${connector} to run`, everyMs: 100 }, async () => {
    const { status, body } = await callConnect(`${url}/connectors/${connector}/status`);
    if (status !== 200) return false;
    const state = stateOf(body);
    if (state.kind !== 'failed') {
      oldFailureIsGone = restartedAt !== undefined;
      return state.kind === 'running' || state.kind === 'paused' ? state.kind : false;
    }
    if (restartedAt === undefined) {
      await restartConnector(url, connector, 'failed');
      restartedAt = performance.now();
    } else if (oldFailureIsGone || performance.now() - restartedAt > staleFailureMs)
      throw failure(`connector ${connector} has failed:\n    ${state.why}`, wait.log);
    return false;
  });
};
