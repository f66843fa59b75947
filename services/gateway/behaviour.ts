// How the provider misbehaves, as a pure function: the same behaviour, token and draw always end the same way.
// The invariant: a token that forces an outcome wins over the mode, and a seeded run can be repeated exactly.
// Without it a test of faults could not say which request will fail.

export const modes = ['normal', 'decline', 'error', 'slow', 'hang', 'charge_then_drop'] as const;
export type Mode = (typeof modes)[number];

export interface Behaviour {
  readonly mode: Mode;
  /** Share of the requests that the mode befalls, 0 to 1; the others are normal. */
  readonly rate: number;
  /** Milliseconds before a slow request is carried out. */
  readonly latencyMs: number;
  /** Same seed, same sequence of fates. */
  readonly seed: number;
}

export const normalBehaviour: Behaviour = { mode: 'normal', rate: 1, latencyMs: 5_000, seed: 1 };

export const declineCodes = ['card_declined', 'insufficient_funds', 'invalid_token'] as const;
export type DeclineCode = (typeof declineCodes)[number];

export type Outcome =
  | { readonly kind: 'succeed' }
  | { readonly kind: 'decline'; readonly code: DeclineCode }
  /** 500, and nothing was charged. */
  | { readonly kind: 'fail' }
  /** Carried out after a while, whether or not the caller is still there. */
  | { readonly kind: 'delay'; readonly latencyMs: number }
  /** Never answered, and nothing was charged. */
  | { readonly kind: 'hang' }
  /** Carried out, but the answer is lost. */
  | { readonly kind: 'carry_out_then_drop' };

const ofMode = ({ mode, latencyMs }: Behaviour): Outcome => {
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
      return { kind: 'carry_out_then_drop' };
    default:
      return mode satisfies never;
  }
};

/**
 * What befalls a request that the mode applies to.
 * @param draw From `random`, in [0, 1).
 */
export const fateOf = (behaviour: Behaviour, draw: number): Outcome =>
  draw < behaviour.rate ? ofMode(behaviour) : { kind: 'succeed' };

/** What becomes of a charge. `tok_success` is subject to the mode; every other token forces its outcome. */
export const outcomeOfCharge = (behaviour: Behaviour, token: string, draw: number): Outcome => {
  switch (token) {
    case 'tok_success':
      return fateOf(behaviour, draw);
    case 'tok_declined':
      return { kind: 'decline', code: 'card_declined' };
    case 'tok_insufficient_funds':
      return { kind: 'decline', code: 'insufficient_funds' };
    case 'tok_error':
      return { kind: 'fail' };
    case 'tok_slow':
      return { kind: 'delay', latencyMs: behaviour.latencyMs };
    case 'tok_charge_then_drop':
      return { kind: 'carry_out_then_drop' };
    default:
      return { kind: 'decline', code: 'invalid_token' };
  }
};

/** What becomes of a refund: the mode applies as to charges, but money given back is never declined. */
export const outcomeOfRefund = (behaviour: Behaviour, draw: number): Outcome => {
  const outcome = fateOf(behaviour, draw);
  return outcome.kind === 'decline' ? { kind: 'succeed' } : outcome;
};

/** The n-th number of the sequence of a seed, in [0, 1): a mixed counter, so that no state has to be kept. */
export const random = (seed: number, n: number): number => {
  let x = (Math.imul(seed | 0, 0x9e3779b1) + Math.imul(n + 1, 0x6d2b79f5)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
};
