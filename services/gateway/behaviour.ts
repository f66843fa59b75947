// Decides the outcome of a request, as pure functions of behaviour, token and random number. A token that forces an outcome takes
// precedence over the mode. The same seed makes the same
// requests fail if they arrive in the same sequence, so a fault test is repeatable.

export const modes = ['normal', 'decline', 'error', 'slow', 'hang', 'charge_then_drop'] as const;
export type Mode = (typeof modes)[number];

export interface Behaviour {
  readonly mode: Mode;
  /** Share of requests to which the mode applies, from 0 to 1; all other requests succeed. */
  readonly rate: number;
  /** Delay before a slow request is executed, ms. */
  readonly latencyMs: number;
  /** The same seed gives the same sequence of random numbers. */
  readonly seed: number;
}

export const normalBehaviour: Behaviour = { mode: 'normal', rate: 1, latencyMs: 5_000, seed: 1 };

export const declineCodes = ['card_declined', 'insufficient_funds', 'invalid_token'] as const;
export type DeclineCode = (typeof declineCodes)[number];

export type Outcome =
  | { readonly kind: 'succeed' }
  | { readonly kind: 'decline'; readonly code: DeclineCode }
  /** The response is 500; nothing is charged. */
  | { readonly kind: 'fail' }
  /** The request is executed after the delay, whether or not the caller still waits. */
  | { readonly kind: 'delay'; readonly latencyMs: number }
  /** The request is never answered; nothing is charged. */
  | { readonly kind: 'hang' }
  /** The request is executed, but the connection is dropped before the response. */
  | { readonly kind: 'execute_then_drop' };

/** @param randomNumber From `random`, in [0, 1). */
const outcomeOfMode = ({ mode, rate, latencyMs }: Behaviour, randomNumber: number): Outcome => {
  if (randomNumber >= rate) return { kind: 'succeed' };
  switch (mode) {
    case 'normal':
      return { kind: 'succeed' };
    case 'decline':
      return { kind: 'decline', code: 'card_declined' };
    case 'error':
      return { kind: 'fail' };
    case 'slow':
      return { kind: 'delay', latencyMs };
    case 'hang':
      return { kind: 'hang' };
    case 'charge_then_drop':
      return { kind: 'execute_then_drop' };
    default:
      return mode satisfies never;
  }
};

/** The mode applies only to `tok_success`; every other token forces a fixed outcome. */
export const outcomeOfCharge = (behaviour: Behaviour, token: string, randomNumber: number): Outcome => {
  switch (token) {
    case 'tok_success':
      return outcomeOfMode(behaviour, randomNumber);
    case 'tok_declined':
      return { kind: 'decline', code: 'card_declined' };
    case 'tok_insufficient_funds':
      return { kind: 'decline', code: 'insufficient_funds' };
    case 'tok_error':
      return { kind: 'fail' };
    case 'tok_slow':
      return { kind: 'delay', latencyMs: behaviour.latencyMs };
    case 'tok_charge_then_drop':
      return { kind: 'execute_then_drop' };
    default:
      return { kind: 'decline', code: 'invalid_token' };
  }
};

/** As for a charge with `tok_success`, except that a refund is never declined. */
export const outcomeOfRefund = (behaviour: Behaviour, randomNumber: number): Outcome => {
  const outcome = outcomeOfMode(behaviour, randomNumber);
  return outcome.kind === 'decline' ? { kind: 'succeed' } : outcome;
};

/** The n-th random number of a seed, in [0, 1). A hash of seed and counter needs no state. */
export const random = (seed: number, n: number): number => {
  let x = (Math.imul(seed | 0, 0x9e3779b1) + Math.imul(n + 1, 0x6d2b79f5)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
};
