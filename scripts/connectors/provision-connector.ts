// The last step of a boot: brings a connector to what its file says.
import { isFailure } from '../../schemas/tools/failure.ts';
import { awaitStreaming, type SlotOutcome } from '../stack/provision/slot.ts';
import type { ConnectTarget, Provisioned } from '../stack/provision/connector.ts';
import type { DatabaseTarget } from '../stack/provision/database-target.ts';
import { services, type ServiceName } from '../stack/topology.ts';
import { applyConnector, awaitRunning, sentenceOf, type Outcome } from './apply.ts';

/** What has become of the differences between the file and Connect. */
const notesOf = (service: ServiceName, { applied, changed, left }: Outcome): string[] => [
  ...(applied === 'changed'
    ? [`changed to what connectors/${service}.json says: ${changed.map(({ key }) => key).join(', ')}`]
    : []),
  ...left.map((change) => `not changed, since it cannot be taken back: ${sentenceOf(change)}`),
  ...(left.length > 0 ? ['npm run connectors -- plan shows it; apply --allow-dangerous does it'] : []),
];

/**
 * Applies what is safe of the configuration of one connector and returns once its task reads the slot. What only an operator can
 * mend, with commands that need the rest of the stack, is said and does not keep the rest from starting.
 */
export const provisionConnector = async (
  database: DatabaseTarget,
  slot: SlotOutcome,
  target: ConnectTarget,
): Promise<Provisioned> => {
  const { service } = database;
  const { connector } = services[service];
  // Whoever changed it by hand finds a system that runs, and the commands that need it.
  const outcome = await applyConnector(service, { ...target, dangerous: 'leave' });
  const provisioned = { connector, notes: notesOf(service, outcome) };
  if (slot !== 'usable')
    return {
      ...provisioned,
      trouble: `the replication slot of the ${service} database is ${slot}; npm run recover -- ${service}`,
    };
  // It may have failed before, or because of what was left.
  const isForOperator = outcome.applied === 'unchanged' || outcome.left.length > 0;
  const state = await awaitRunning(service, target).catch((error: unknown) => {
    if (isForOperator && isFailure(error)) return error;
    throw error;
  });
  if (state === 'paused')
    return { ...provisioned, trouble: 'somebody has paused or stopped it; npm run connectors -- resume' };
  if (state !== 'running')
    return { ...provisioned, trouble: `${state.message}\n    npm run doctor says what to do` };
  // What was left may name another slot, which nobody waits for.
  if (outcome.left.length === 0) await awaitStreaming(database, target);
  return provisioned;
};
