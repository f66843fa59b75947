// Why a sign-in at the OIDC provider did not work; the server names it in the address.

/** What to do about each. */
export const signInFailures = {
  refused:
    'The provider did not let you in, or you cancelled. Try again, or ask the administrator of your account.',
  incomplete: 'The sign-in took too long, or was begun in another tab or browser. Try again.',
  role: 'Your account has no role in this shop. Ask its administrator for one.',
  unavailable: 'The provider of the accounts does not answer. Try again in a moment.',
} as const;
export type SignInFailure = keyof typeof signInFailures;

export const isSignInFailure = (value: unknown): value is SignInFailure =>
  typeof value === 'string' && Object.hasOwn(signInFailures, value);
