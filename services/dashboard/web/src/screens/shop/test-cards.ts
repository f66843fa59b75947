// The cards of the mock payment provider: each forces one outcome.
export const testCards = [
  { token: 'tok_success', label: 'works' },
  { token: 'tok_declined', label: 'declined' },
  { token: 'tok_insufficient_funds', label: 'no funds' },
] as const;
