// Reads connectors/<service>.json: the configuration of each connector, as the body of a PUT to Connect.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../platform/process/message-of.ts';
import type { Service } from '../domain/facts.ts';

export type ConnectorConfig = Readonly<Record<string, string>>;

export const connectorFile = (service: Service): string =>
  join(import.meta.dirname, '..', '..', '..', 'connectors', `${service}.json`);

/** Throws an error that names the file when the file cannot be read or is not a JSON object. */
export const readConnectorFile = (service: Service): ConnectorConfig => {
  const file = connectorFile(service);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${file} cannot be read (${messageOf(cause)})`, {
      cause,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${file} is not a JSON object`);
  return Object.fromEntries(Object.entries(value).map(([key, setting]) => [key, String(setting)]));
};
