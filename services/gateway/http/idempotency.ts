// Executes charges and refunds under idempotency keys. Requests with the same key take effect only once, even when they are
// concurrent or the process is killed. Otherwise a caller that repeats a request after a lost response would pay twice.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { idempotencyKeyHeader } from '../../platform/http/request/idempotency-http.ts';
import type { Outcome } from '../behaviour.ts';
import type { Recorded } from '../ledger.ts';
import type { SingleFlight } from '../single-flight.ts';
import { problem } from './api.ts';

/** Reads the key from the header, quoted as in the IETF draft or unquoted. Throws a 400 problem without a valid key. */
export const keyFrom = (header: string | undefined): string => {
  const key = idempotencyKeyHeader['idempotency-key'].safeParse(header).data;
  if (key === undefined) throw problem('idempotency_key_missing');
  return key;
};

/** Distinguishes different bodies under the same key. */
export const fingerprintOf = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** `dropConnection`: the connection must be dropped before the response. */
export interface ExecutionResult<T> {
  readonly value: T;
  readonly replayed: boolean;
  readonly dropConnection: boolean;
}

interface Work<T> {
  readonly flights: SingleFlight<ExecutionResult<T> | 'hang'>;
  readonly key: string;
  readonly fingerprint: string;
  readonly findRecorded: (key: string) => Promise<Recorded<T> | undefined>;
  readonly decide: () => Outcome;
  readonly execute: (outcome: Outcome) => Promise<T>;
}

const perform = async <T>({
  key,
  fingerprint,
  findRecorded,
  decide,
  execute,
}: Work<T>): Promise<ExecutionResult<T> | 'hang'> => {
  const known = await findRecorded(key);
  if (known !== undefined) {
    if (known.fingerprint !== fingerprint) throw problem('idempotency_key_reused');
    return { value: known.value, replayed: true, dropConnection: false };
  }
  const outcome = decide();
  if (outcome.kind === 'hang') return 'hang';
  if (outcome.kind === 'fail') throw problem('provider_error');
  if (outcome.kind === 'delay') await delay(outcome.latencyMs);
  return {
    value: await execute(outcome),
    replayed: false,
    dropConnection: outcome.kind === 'execute_then_drop',
  };
};

/** Executes the work of a key once. Repeated requests, also concurrent ones, get the result of the first request. */
export const executeOnce = async <T>(work: Work<T>): Promise<ExecutionResult<T> | 'hang'> => {
  const { flights, key, fingerprint } = work;
  const isFirst = flights.current(key) === undefined;
  const flight = flights.join(key, fingerprint, () => perform(work));
  if (flight.fingerprint !== fingerprint) throw problem('idempotency_key_reused');
  const result = await flight.result;
  return isFirst || result === 'hang' ? result : { ...result, replayed: true, dropConnection: false };
};

/** The header of a response that repeats an earlier response. */
export const replayHeaders = ({ replayed }: { readonly replayed: boolean }): Record<string, string> =>
  replayed ? { 'Idempotent-Replayed': 'true' } : {};
