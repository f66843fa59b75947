// The password check of the built-in issuer, for `POST /auth/token` and for the sign-in page. An unknown email and a wrong
// password get the same response after the same time, so the login does not reveal who has an account.
import { z } from '@hono/zod-openapi';
import { defineProblems } from '../../platform/http/endpoint/problem.ts';
import type { RateLimiter } from '../../platform/http/limits/rate-limit.ts';
import type { AppContext } from '../../platform/http/server/request-context.ts';
import type { Issuer } from './identity.ts';

export const { kinds: dashboardProblems, problem } = defineProblems({
  wrong_credentials: {
    status: 401,
    title: 'Wrong credentials',
    explanation: 'The email or the password is wrong.',
  },
  other_origin: {
    status: 403,
    title: 'Cross-origin request',
    explanation: 'The request came from a page of another origin and was refused.',
  },
});

export const credentialsSchema = z
  .strictObject({
    email: z.string().min(1).max(254).openapi({ example: 'user@orderflow.io' }),
    password: z.string().min(1).max(256).openapi({ example: 'orderflow', format: 'password' }),
  })
  .openapi('Credentials');

/** Returns an access token. Throws the 401 problem for wrong credentials, 429 after too many attempts from the client address. */
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
