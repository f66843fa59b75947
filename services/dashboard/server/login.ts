// The password check of the built-in issuer, for `POST /auth/token` and for the sign-in of the pages. The invariant: a refused
// login says the same in the same time, whether the e-mail is unknown or the password wrong. Without it the login would tell
// strangers who has an account.
import { z } from '@hono/zod-openapi';
import { defineProblems } from '../../platform/http/endpoint/problem.ts';
import type { RateLimiter } from '../../platform/http/limits/rate-limit.ts';
import type { AppContext } from '../../platform/http/server/request-context.ts';
import type { Issuer } from './identity.ts';

export const { kinds: dashboardProblems, problem } = defineProblems({
  wrong_credentials: {
    status: 401,
    title: 'Wrong credentials',
    explanation: 'No account has this e-mail address and password.',
  },
  other_origin: {
    status: 403,
    title: 'Sent from another site',
    explanation: 'A page of another site tried to change something with your session. Nothing was done.',
  },
});

export const credentialsSchema = z
  .strictObject({
    email: z.string().min(1).max(254).openapi({ example: 'user@orderflow.io' }),
    password: z.string().min(1).max(256).openapi({ example: 'orderflow', format: 'password' }),
  })
  .openapi('Credentials');

/** An access token. Throws the 401 problem, or 429 when this client address has tried too often. */
export const login = async (
  c: AppContext,
  issuer: Issuer,
  logins: RateLimiter,
  { email, password }: z.infer<typeof credentialsSchema>,
): Promise<string> => {
  await logins.take(c.env.incoming?.socket.remoteAddress ?? 'unknown');
  const token = await issuer.login(email, password);
  if (token === undefined) {
    c.get('logger').warn('login refused');
    throw problem('wrong_credentials', { headers: { 'WWW-Authenticate': 'Bearer' } });
  }
  return token;
};
