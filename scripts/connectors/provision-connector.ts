// The last step of a boot: brings a connector to what its file says.
import { isFailure } from '../../schemas/tools/failure.ts';
import { awaitStreaming, type SlotOutcome } from '../stack/provision/slot.ts';
import type { ConnectTarget, Degraded } from '../stack/provision/connector.ts';
import type { DatabaseTarget } from '../stack/provision/database-target.ts';
import { services } from '../stack/topology.ts';
import { applyConnector, awaitRunning } from './apply.ts';

/**
 * Applies the configuration of one connector and returns once its task reads the slot. What only an operator can mend, with
 * commands that need the rest of the stack, is said and does not keep the rest from starting.
 */
export const provisionConnector = async (
  database: DatabaseTarget,
  slot: SlotOutcome,
  target: ConnectTarget,
): Promise<Degraded | undefined> => {
  const { service } = database;
  const { connector } = services[service];
  // Whoever changed it by hand finds a system that runs, and the commands that need it.
  const applied = await applyConnector(service, { ...target, dangerous: 'leave' });
  if (applied === 'refused') {
    const sentence = `it is not as connectors/${service}.json describes it, in what cannot be taken back; npm run connectors -- plan`;
    return { connector, sentence };
  }
  if (slot !== 'usable')
    return {
      connector,
      sentence: `the replication slot of the ${service} database is ${slot}; npm run recover -- ${service}`,
    };
  const state = await awaitRunning(service, target).catch((error: unknown) => {
    if (applied === 'unchanged' && isFailure(error)) return error;
    throw error;
  });
  if (state === 'paused')
    return { connector, sentence: `somebody has paused or stopped it; npm run connectors -- resume` };
  if (state !== 'running')
    return { connector, sentence: `${state.message}\n    npm run doctor says what to do` };
  await awaitStreaming(database, target);
  return undefined;
};
