// The subset of Kafka Connect's REST API that is used here: state and configuration of connectors, restart, pause and resume. This
// file has no imports, because the image `jobs` contains no other file of this folder.

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Calls Connect's REST API. Rejects when there is no answer within `withinMs`. */
export const callConnect = async (
  url: string,
  init: RequestInit = {},
  withinMs = 20_000,
): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(url, {
    ...init,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    signal: AbortSignal.timeout(withinMs),
  });
  const text = await response.text();
  const body: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
  return { status: response.status, body };
};

/**
 * The state of a connector and its tasks. `paused`: paused or stopped. `idle`: the connector has no task, or the connector or a
 * task is in another state than running, failed, paused or stopped.
 */
export type ConnectorState =
  { readonly kind: 'running' | 'paused' } | { readonly kind: 'failed' | 'idle'; readonly why: string };

/** Interprets the body of `GET /connectors/<name>/status`. */
export const stateOf = (body: unknown): ConnectorState => {
  const connector = isObject(body) && isObject(body['connector']) ? body['connector'] : {};
  const tasks = isObject(body) && Array.isArray(body['tasks']) ? body['tasks'].filter(isObject) : [];
  const parts = [connector, ...tasks];
  const failed = parts.find((part) => part['state'] === 'FAILED');
  if (failed !== undefined) {
    const trace = typeof failed['trace'] === 'string' ? failed['trace'] : 'no trace';
    return { kind: 'failed', why: trace.split('\n').slice(0, 4).join('\n    ') };
  }
  const states = parts.map((part) => String(part['state']));
  if (states.some((state) => state === 'PAUSED' || state === 'STOPPED')) return { kind: 'paused' };
  if (tasks.length === 0) return { kind: 'idle', why: 'without a task' };
  return states.every((state) => state === 'RUNNING')
    ? { kind: 'running' }
    : { kind: 'idle', why: states.find((state) => state !== 'RUNNING') ?? 'unknown' };
};

/** The states of all connectors by name, in one request. */
export const readConnectors = async (
  connectUrl: string,
  withinMs: number,
): Promise<ReadonlyMap<string, ConnectorState>> => {
  const { status, body } = await callConnect(`${connectUrl}/connectors?expand=status`, {}, withinMs);
  if (status !== 200 || !isObject(body)) throw new Error(`Kafka Connect answered ${status}`);
  return new Map(
    Object.entries(body).map(([name, view]) => [name, stateOf(isObject(view) ? view['status'] : undefined)]),
  );
};

/** The configurations of all connectors by name, in one request. May contain secrets in plain text. */
export const readConfigs = async (
  connectUrl: string,
  withinMs: number,
): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> => {
  const { status, body } = await callConnect(`${connectUrl}/connectors?expand=info`, {}, withinMs);
  if (status !== 200 || !isObject(body)) throw new Error(`Kafka Connect answered ${status}`);
  return new Map(
    Object.entries(body).flatMap(([name, view]) => {
      const info = isObject(view) ? view['info'] : undefined;
      return isObject(info) && isObject(info['config']) ? [[name, info['config']]] : [];
    }),
  );
};

/** Kafka Connect has no connector of this name. */
export class ConnectorAbsent extends Error {
  override readonly name = 'ConnectorAbsent';
}

const assertAccepted = (connector: string, status: number): void => {
  if (status === 404) throw new ConnectorAbsent(`Kafka Connect has no connector ${connector}`);
  if (status >= 400) throw new Error(`Kafka Connect answered ${status}`);
};

/** Restarts the connector and all its tasks, or only those that have failed. */
export const restartConnector = async (
  connectUrl: string,
  name: string,
  what: 'failed' | 'all',
  withinMs?: number,
): Promise<void> => {
  const query = `includeTasks=true&onlyFailed=${String(what === 'failed')}`;
  const { status } = await callConnect(
    `${connectUrl}/connectors/${name}/restart?${query}`,
    { method: 'POST' },
    withinMs,
  );
  assertAccepted(name, status);
};

/** Pauses a connector (its events then wait in the WAL) or resumes it. Rejects unless Connect accepts the action. */
export const pauseOrResume = async (
  connectUrl: string,
  name: string,
  what: 'pause' | 'resume',
  withinMs?: number,
): Promise<void> => {
  const { status } = await callConnect(
    `${connectUrl}/connectors/${name}/${what}`,
    { method: 'PUT' },
    withinMs,
  );
  assertAccepted(name, status);
};
