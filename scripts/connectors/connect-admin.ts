// Requests of the operators' commands to the REST API of Kafka Connect.
import { z } from 'zod';
import { until, type Wait } from '../stack/supervise/deadline.ts';
import { callConnect, stateOf, type ConnectorState } from '../../services/auditor/pipelines/connect-rest.ts';
import { failure, reasonOf } from '../../schemas/tools/failure.ts';
import { isObject } from '../../schemas/tools/json.ts';
import type { ConnectorConfig } from './files.ts';

export const missingConnector = (name: string): Error =>
  failure(`Kafka Connect has no connector ${name}; create it: npm run connectors -- apply`);

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** The error message of an answer. */
export const refusalOf = ({ status, body }: Reply): string =>
  isObject(body) && typeof body['message'] === 'string' ? body['message'] : `HTTP ${String(status)}`;

/** Throws a failure when Connect does not answer. */
export const expectConnect = async (url: string): Promise<void> => {
  try {
    await callConnect(url);
  } catch (error) {
    throw failure(`Kafka Connect does not answer at ${url} (${reasonOf(error)}); is the stack running?`);
  }
};

const exists = async (url: string, name: string): Promise<boolean> => {
  let names: readonly unknown[] = [];
  await until({ what: 'Kafka Connect to start', withinMs: 60_000, everyMs: 500 }, async () => {
    const { status, body } = await callConnect(`${url}/connectors`);
    if (status !== 200 || !Array.isArray(body)) return false;
    names = body;
    return true;
  });
  return names.includes(name);
};

/**
 * Sends a request about one connector. Undefined when the connector does not exist. A worker that is still starting answers 404 to
 * every request; if this were taken for "no such connector", a caller could overwrite an existing connector.
 */
const callConnector = async (
  url: string,
  name: string,
  path: string,
  method = 'GET',
): Promise<Reply | undefined> => {
  const send = (): Promise<Reply> => callConnect(`${url}/connectors/${name}/${path}`, { method });
  const reply = await send();
  if (reply.status !== 404) return reply;
  return (await exists(url, name)) ? send() : undefined;
};

/** The configuration in Connect; undefined when the connector does not exist. */
export const configOf = async (
  url: string,
  name: string,
): Promise<Readonly<Record<string, unknown>> | undefined> => {
  const reply = await callConnector(url, name, 'config');
  if (reply === undefined) return undefined;
  if (reply.status !== 200 || !isObject(reply.body)) throw new Error(refusalOf(reply));
  return reply.body;
};

/** The state of a connector and its tasks; undefined when the connector does not exist. */
export const connectorState = async (url: string, name: string): Promise<ConnectorState | undefined> => {
  const reply = await callConnector(url, name, 'status');
  if (reply === undefined) return undefined;
  if (reply.status !== 200) throw new Error(refusalOf(reply));
  return stateOf(reply.body);
};

const validation = z.object({
  configs: z.array(z.object({ value: z.object({ name: z.string(), errors: z.array(z.string()) }) })),
});

/** The problems that Connect and the connector plugin find in a configuration. */
export const validateAtConnect = async (
  url: string,
  name: string,
  config: ConnectorConfig,
): Promise<readonly { readonly key: string; readonly problem: string }[]> => {
  const plugin = config['connector.class'] ?? '';
  const reply = await callConnect(`${url}/connector-plugins/${plugin}/config/validate`, {
    method: 'PUT',
    body: JSON.stringify({ name, ...config }),
  });
  if (reply.status !== 200) throw failure(`Kafka Connect could not validate ${name}: ${refusalOf(reply)}`);
  return validation
    .parse(reply.body)
    .configs.flatMap(({ value }) => value.errors.map((problem) => ({ key: value.name, problem })));
};

/** Pauses, resumes or stops a connector and waits until its tasks have done so. */
export const setState = async (
  url: string,
  name: string,
  action: 'pause' | 'resume' | 'stop',
  wait: Omit<Wait, 'what'>,
): Promise<void> => {
  const reply = await callConnector(url, name, action, 'PUT');
  if (reply === undefined) throw missingConnector(name);
  if (reply.status >= 300) throw failure(`Kafka Connect refuses to ${action} ${name}: ${refusalOf(reply)}`);
  await until({ ...wait, what: `${name} to ${action}` }, async () => {
    const { body } = await callConnect(`${url}/connectors/${name}/status`);
    const connector = isObject(body) && isObject(body['connector']) ? body['connector']['state'] : undefined;
    const tasks = isObject(body) && Array.isArray(body['tasks']) ? body['tasks'].filter(isObject) : [];
    // A stopped connector has no tasks, so nothing holds the slot and the offsets can be reset.
    if (action === 'stop') return connector === 'STOPPED' && tasks.length === 0;
    if (action === 'pause')
      return connector === 'PAUSED' && tasks.every((task) => task['state'] === 'PAUSED');
    const state = stateOf(body);
    // A failed task also ends the wait: the resume has succeeded, and the caller reports the failure.
    return state.kind === 'running' || state.kind === 'failed';
  });
};

const offsets = z.object({ offsets: z.array(z.object({ partition: z.unknown(), offset: z.unknown() })) });
const position = z.object({
  lsn: z.number(),
  lsn_commit: z.number().optional(),
  ts_usec: z.number().optional(),
});

interface StoredOffset {
  /** The position in the notation of PostgreSQL, such as `0/16B3748`; null when the offset has no position. */
  readonly lsn: string | null;
  readonly raw: unknown;
}

export const lsnText = (lsn: number): string => {
  const value = BigInt(lsn);
  return `${(value >> 32n).toString(16).toUpperCase()}/${(value & 0xffffffffn).toString(16).toUpperCase()}`;
};

/** The offsets that Connect has stored; empty after a reset and before the first event. */
export const storedOffsets = async (url: string, name: string): Promise<readonly StoredOffset[]> => {
  const reply = await callConnector(url, name, 'offsets');
  if (reply === undefined) throw missingConnector(name);
  if (reply.status !== 200)
    throw failure(`Kafka Connect does not return the offsets of ${name}: ${refusalOf(reply)}`);
  return offsets.parse(reply.body).offsets.map(({ offset: raw }) => {
    const parsed = position.safeParse(raw);
    return { lsn: parsed.success ? lsnText(parsed.data.lsn_commit ?? parsed.data.lsn) : null, raw };
  });
};

/** Throws an error, which `until` retries, for a rebalance (409) or a worker that is not ready (5xx); otherwise a failure. */
const throwRefusal = (reply: Reply, what: string): never => {
  if (reply.status === 409 || reply.status >= 500) throw new Error(refusalOf(reply));
  throw failure(`Kafka Connect refuses ${what}: ${refusalOf(reply)}`);
};

/** Deletes the stored offsets. The connector has to be stopped. */
export const resetOffsets = async (url: string, name: string, wait: Omit<Wait, 'what'>): Promise<void> => {
  await until({ ...wait, what: `the offsets of ${name} to be reset` }, async () => {
    const reply = await callConnector(url, name, 'offsets', 'DELETE');
    if (reply === undefined) throw missingConnector(name);
    return reply.status < 300 || throwRefusal(reply, `to reset the offsets of ${name}`);
  });
};

/** Creates a connector in the state STOPPED. */
export const createStopped = async (
  url: string,
  name: string,
  config: ConnectorConfig,
  wait: Omit<Wait, 'what'>,
): Promise<void> => {
  await until({ ...wait, what: `Kafka Connect to store connector ${name}` }, async () => {
    const reply = await callConnect(`${url}/connectors`, {
      method: 'POST',
      body: JSON.stringify({ name, config, initial_state: 'STOPPED' }),
    });
    // 409 is also the answer when an earlier request was accepted and its answer was lost.
    if (reply.status === 201 || (reply.status === 409 && (await exists(url, name)))) return true;
    return throwRefusal(reply, `to create ${name}`);
  });
};
