// Executes charges and refunds under idempotency keys. A key has one effect, however often it is repeated, concurrently or after
// kill -9. Otherwise a caller that repeats a request after a lost answer would pay twice.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome } from '../behaviour.ts';
import type { Recorded } from '../ledger.ts';
import type { SingleFlight } from '../single-flight.ts';
import { problem } from './api.ts';

/** Reads the key from the header, quoted as in the IETF draft or bare. Throws a 400 problem without a valid key. */
export const keyFrom = (header: string | undefined): string => {
  const key = /^"(.*)"$/.exec(header ?? '')?.[1] ?? header ?? '';
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw problem('idempotency_key_missing');
  return key;
};

/** Distinguishes different bodies under the same key. */
export const fingerprintOf = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** `drop`: executed, but the connection has to be dropped instead of answered. */
export interface Done<T> {
  readonly value: T;
  readonly replayed: boolean;
  readonly drop: boolean;
}

export interface Work<T> {
  readonly flights: SingleFlight<Done<T> | 'hang'>;
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
}: Work<T>): Promise<Done<T> | 'hang'> => {
  const known = await findRecorded(key);
  if (known !== undefined) {
    if (known.fingerprint !== fingerprint) throw problem('idempotency_key_reused');
    return { value: known.value, replayed: true, drop: false };
  }
  const outcome = decide();
  if (outcome.kind === 'hang') return 'hang';
  if (outcome.kind === 'fail') throw problem('provider_error');
  if (outcome.kind === 'delay') await delay(outcome.latencyMs);
  return { value: await execute(outcome), replayed: false, drop: outcome.kind === 'execute_then_drop' };
};

/** Executes the work of a key once. A repeated request, also a concurrent one, gets the first result. */
export const executeOnce = async <T>(work: Work<T>): Promise<Done<T> | 'hang'> => {
  const { flights, key, fingerprint } = work;
  const isFirst = flights.current(key) === undefined;
  const flight = flights.join(key, fingerprint, () => perform(work));
  if (flight.fingerprint !== fingerprint) throw problem('idempotency_key_reused');
  const done = await flight.result;
  return isFirst || done === 'hang' ? done : { ...done, replayed: true, drop: false };
};

/** The header of an answer that repeats the one to an earlier request. */
export const replayHeaders = ({ replayed }: { readonly replayed: boolean }): Record<string, string> =>
  replayed ? { 'Idempotent-Replayed': 'true' } : {};
