// Judges the Connect worker and its connectors: the version of Debezium, the state of each connector, and its configuration
// against its file.
import { describeDrift } from '../../services/auditor/drift/impact.ts';
import { services, type ServiceName } from '../stack/topology.ts';
import type { ConnectFacts, ConnectorFacts } from './facts.ts';
import { type Finding, broken, onlyIf } from './finding.ts';

/** Earlier versions can skip a transaction that begins where the last one ended (connectors/runbooks/debezium-upgrade.md). */
const minDebezium = [3, 7] as const;

export const judgeConnect = ({ debezium }: ConnectFacts): Finding[] => {
  if (debezium === null)
    return [
      broken(
        'The worker does not have the PostgreSQL connector of Debezium.',
        'Install it below plugin.path and restart the worker.',
      ),
    ];
  const [major = 0, minor = 0] = debezium.split('.').map(Number);
  return onlyIf(major < minDebezium[0] || (major === minDebezium[0] && minor < minDebezium[1]), () =>
    broken(
      `Debezium is ${debezium}: before ${minDebezium.join('.')} a restart can silently skip a transaction.`,
      'See connectors/runbooks/debezium-upgrade.md.',
    ),
  );
};

export const judgeConnector = (service: ServiceName, facts: ConnectorFacts): Finding[] => {
  const { connector } = services[service];
  const { state, changes, invalid } = facts;
  const option = `--connector ${connector}`;
  const stateFindings = (): Finding[] => {
    switch (state?.kind) {
      case undefined:
        return [broken(`Connect has no connector ${connector}.`, `npm run connectors -- apply ${option}`)];
      case 'running':
        return [];
      case 'paused':
        return [
          broken(
            `Somebody has paused or stopped ${connector}: its events wait.`,
            `npm run connectors -- resume ${option}`,
          ),
        ];
      case 'failed':
        return [
          broken(
            `${connector} has failed: ${state.why.split('\n')[0] ?? ''}`,
            `npm run connectors -- restart --failed ${option}; if it fails again, see connectors/runbooks/connector-failed.md`,
          ),
        ];
      case 'idle':
        return [
          broken(
            `${connector} is not running (${state.why}).`,
            `It may still be starting; otherwise npm run connectors -- restart ${option}`,
          ),
        ];
    }
  };
  return [
    ...stateFindings(),
    ...invalid.map(({ key, problem }) =>
      broken(`connectors/${service}.json: ${key} ${problem}`, `npm run connectors -- validate ${option}`),
    ),
    ...onlyIf(changes.length > 0, () => {
      const { sentence, remedy } = describeDrift(service, connector, changes);
      return broken(sentence, remedy);
    }),
  ];
};
