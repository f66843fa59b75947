// Compares the configurations in Connect with connectors/<service>.json.
import { everyService, type Service } from '../domain/facts.ts';
import { readConfigs } from '../pipelines/connect-rest.ts';
import { pipelineNames } from '../pipelines/pipelines.ts';
import { readConnectorFile } from './connector-file.ts';
import { changesBetween, describeDrift, type Change } from './impact.ts';

export interface Drift {
  readonly sentence: string;
  readonly remedy: string;
  /** The changes from the configuration in Connect to the configuration in the file. */
  readonly changes: readonly Change[];
}

/**
 * One entry per service whose connector exists in Connect. Without a difference, `changes` is empty, and `sentence` and `remedy` do
 * not apply. Rejects when Connect does not answer or a file cannot be read.
 */
export const readDrift = async (
  connectUrl: string,
  withinMs: number,
): Promise<ReadonlyMap<Service, Drift>> => {
  const configs = await readConfigs(connectUrl, withinMs);
  return new Map(
    everyService.flatMap((service): [Service, Drift][] => {
      const { connector } = pipelineNames(service);
      const config = configs.get(connector);
      if (config === undefined) return [];
      const changes = changesBetween(readConnectorFile(service), config);
      return [[service, { ...describeDrift(service, connector, changes), changes }]];
    }),
  );
};
