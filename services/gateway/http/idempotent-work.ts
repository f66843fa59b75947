// Carries out charges and refunds under idempotency keys. The invariant: one key, one effect, whatever the caller repeats,
// however many at a time, across kill -9. Without it a caller that repeats after a lost answer would pay twice.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome } from '../behaviour.ts';
import type { Recorded } from '../ledger.ts';
import type { SingleFlight } from '../single-flight.ts';
import { problem } from './api.ts';

/** The key of the header, quoted as in the IETF draft or bare as most callers send it. Throws the 400 problem without a key. */
export const keyFrom = (header: string | undefined): string => {
  const key = /^"(.*)"$/.exec(header ?? '')?.[1] ?? header ?? '';
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw problem('idempotency_key_missing');
  return key;
};

/** What tells one body from another under the same key. */
export const fingerprintOf = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** What a request under a key came to. `drop` means: carried out, but the answer must get lost. */
export interface Done<T> {
  readonly value: T;
  readonly replayed: boolean;
  readonly drop: boolean;
}

export interface Work<T> {
  readonly flights: SingleFlight<Done<T> | 'hang'>;
  readonly key: string;
  readonly fingerprint: string;
  readonly recorded: (key: string) => Promise<Recorded<T> | undefined>;
  readonly outcome: () => Outcome;
  readonly carryOut: (outcome: Outcome) => Promise<T>;
}

const perform = async <T>({
  key,
  fingerprint,
  recorded,
  outcome,
  carryOut,
}: Work<T>): Promise<Done<T> | 'hang'> => {
  const known = await recorded(key);
  if (known !== undefined) {
    if (known.fingerprint !== fingerprint) throw problem('idempotency_key_reused');
    return { value: known.value, replayed: true, drop: false };
  }
  const decided = outcome();
  if (decided.kind === 'hang') return 'hang';
  if (decided.kind === 'fail') throw problem('provider_error');
  if (decided.kind === 'delay') await delay(decided.latencyMs);
  return { value: await carryOut(decided), replayed: false, drop: decided.kind === 'carry_out_then_drop' };
};

/** Carries out the work of a key once; a caller that repeats it, also while it is under way, gets the first outcome. */
export const idempotently = async <T>(work: Work<T>): Promise<Done<T> | 'hang'> => {
  const { flights, key, fingerprint } = work;
  const isFirst = flights.current(key) === undefined;
  const flight = flights.join(key, fingerprint, () => perform(work));
  if (flight.fingerprint !== fingerprint) throw problem('idempotency_key_reused');
  const done = await flight.result;
  return isFirst || done === 'hang' ? done : { ...done, replayed: true, drop: false };
};

/** Tells a caller that the answer is that of an earlier request. */
export const replayHeaders = ({ replayed }: { readonly replayed: boolean }): Record<string, string> =>
  replayed ? { 'Idempotent-Replayed': 'true' } : {};
