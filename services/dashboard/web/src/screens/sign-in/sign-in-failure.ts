// The messages for a failed sign-in at the OIDC provider. The server redirects to the sign-in page with the reason in the URL.

export const signInFailures = {
  refused:
    'The identity provider refused the sign-in, or you cancelled it. Try again, or ask your administrator.',
  incomplete:
    'The sign-in took too long, was started in another tab or browser, or got an invalid response. Try again.',
  role: 'Your account has no role in this application. Ask your administrator for access.',
  unavailable: 'The identity provider is not responding. Try again in a moment.',
} as const;
export type SignInFailure = keyof typeof signInFailures;

export const isSignInFailure = (value: unknown): value is SignInFailure =>
  typeof value === 'string' && Object.hasOwn(signInFailures, value);
