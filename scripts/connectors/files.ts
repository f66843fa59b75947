// Reads connectors/<service>.json: the configuration of each connector, as the body of a PUT to Connect.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import { isObject } from '../../schemas/tools/json.ts';
import type { ServiceName } from '../stack/topology.ts';

export type ConnectorConfig = Readonly<Record<string, string>>;

export const connectorFile = (service: ServiceName): string =>
  join(import.meta.dirname, '..', '..', 'connectors', `${service}.json`);

export const readConnector = (service: ServiceName): ConnectorConfig => {
  const file = connectorFile(service);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw failure(`${file} cannot be read (${messageOf(error)})`);
  }
  if (!isObject(value)) throw failure(`${file} is not a JSON object`);
  return Object.fromEntries(Object.entries(value).map(([key, setting]) => [key, String(setting)]));
};
