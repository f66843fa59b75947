// Judges the Connect worker and the connectors that it runs: the version of Debezium, the state of each connector, and its
// configuration against its file.
import { services, type ServiceName } from '../stack/topology.ts';
import type { ConnectFacts, ConnectorFacts } from './facts.ts';
import { type Finding, broken, onlyIf } from './finding.ts';

/** Debezium 3.7 no longer takes the next transaction for read when it begins where the last one ended. */
const debeziumNeeds = [3, 7] as const;

export const judgeConnect = ({ debezium }: ConnectFacts): Finding[] => {
  if (debezium === null)
    return [
      broken(
        'The worker has no PostgreSQL connector of Debezium.',
        'Put it below plugin.path and restart the worker.',
      ),
    ];
  const [major = 0, minor = 0] = debezium.split('.').map(Number);
  return onlyIf(major < debeziumNeeds[0] || (major === debeziumNeeds[0] && minor < debeziumNeeds[1]), () =>
    broken(
      `Debezium is ${debezium}: before ${debeziumNeeds.join('.')} a restart can skip a transaction in silence.`,
      'See connectors/runbooks/debezium-upgrade.md.',
    ),
  );
};

export const judgeConnector = (service: ServiceName, facts: ConnectorFacts): Finding[] => {
  const { connector } = services[service];
  const { state, changes, invalid } = facts;
  const where = `--connector ${connector}`;
  const ofState = (): Finding[] => {
    switch (state?.kind) {
      case undefined:
        return [broken(`Connect has no connector ${connector}.`, `npm run connectors -- apply ${where}`)];
      case 'running':
        return [];
      case 'paused':
        return [
          broken(
            `Somebody has paused or stopped ${connector}: its events wait.`,
            `npm run connectors -- resume ${where}`,
          ),
        ];
      case 'failed':
        return [
          broken(
            `${connector} has failed: ${state.why.split('\n')[0] ?? ''}`,
            `npm run connectors -- restart --failed ${where}; if it fails again, see connectors/runbooks/connector-failed.md`,
          ),
        ];
      case 'idle':
        return [
          broken(
            `${connector} does not run (${state.why}).`,
            `It may still be starting; otherwise npm run connectors -- restart ${where}`,
          ),
        ];
    }
  };
  return [
    ...ofState(),
    ...invalid.map(({ key, problem }) =>
      broken(`connectors/${service}.json: ${key} ${problem}`, `npm run connectors -- validate ${where}`),
    ),
    ...onlyIf(changes.length > 0, () =>
      broken(
        `${connector} is not what connectors/${service}.json says: ${changes.map(({ key }) => key).join(', ')}.`,
        `npm run connectors -- plan ${where}, then apply`,
      ),
    ),
  ];
};
