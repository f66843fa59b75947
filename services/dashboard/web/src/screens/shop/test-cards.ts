// The test cards of the mock payment provider. Each card always has the same outcome.
export const testCards = [
  { token: 'tok_success', label: 'Succeeds' },
  { token: 'tok_declined', label: 'Declined' },
  { token: 'tok_insufficient_funds', label: 'No funds' },
] as const;
