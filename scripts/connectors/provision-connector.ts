// The last step of a boot: applies the configuration of a connector.
import { isFailure } from '../../schemas/tools/failure.ts';
import { awaitStreaming, type SlotOutcome } from '../stack/provision/slot.ts';
import type { ConnectTarget, Provisioned } from '../stack/provision/connector.ts';
import type { DatabaseTarget } from '../stack/provision/database-target.ts';
import { services, type ServiceName } from '../stack/topology.ts';
import { applyConnector, awaitRunning, sentenceOf, type Outcome } from './apply.ts';

/** One line with the keys that were changed, one for each change that was not applied, and a line with the commands for these. */
const notesOf = (service: ServiceName, { applied, changed, left }: Outcome): string[] => [
  ...(applied === 'changed'
    ? [`changed to the values in connectors/${service}.json: ${changed.map(({ key }) => key).join(', ')}`]
    : []),
  ...left.map((change) => `not changed, because it is dangerous: ${sentenceOf(change)}`),
  ...(left.length > 0
    ? ['npm run connectors -- plan shows these changes; apply --allow-dangerous applies them']
    : []),
];

/**
 * Applies the safe changes to one connector and returns once its task reads the slot, or, with a dangerous change that was not
 * applied, once its task runs. A problem that only an operator can solve is returned as `trouble` and does not stop the boot: the
 * commands that solve it need a running stack.
 */
export const provisionConnector = async (
  database: DatabaseTarget,
  slot: SlotOutcome,
  target: ConnectTarget,
): Promise<Provisioned> => {
  const { service } = database;
  const { connector } = services[service];
  const outcome = await applyConnector(service, { ...target, dangerous: 'leave' });
  const provisioned = { connector, notes: notesOf(service, outcome) };
  if (slot !== 'usable')
    return {
      ...provisioned,
      trouble: `the replication slot of the ${service} database is ${slot}; npm run recover -- ${service}`,
    };
  // Without a change, a failure of the task is older than this boot. If a dangerous change was left out, that difference can cause it.
  const isForOperator = outcome.applied === 'unchanged' || outcome.left.length > 0;
  const state = await awaitRunning(service, target).catch((error: unknown) => {
    if (isForOperator && isFailure(error)) return error;
    throw error;
  });
  if (state === 'paused')
    return { ...provisioned, trouble: 'somebody has paused or stopped it; npm run connectors -- resume' };
  if (state !== 'running')
    return { ...provisioned, trouble: `${state.message}\n    npm run doctor shows the remedy` };
  // If a change was left out, the connector may have another slot name; nothing would then read the expected slot.
  if (outcome.left.length === 0) await awaitStreaming(database, target);
  return provisioned;
};
