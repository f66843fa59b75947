// Sign in, sign out and who is signed in, for the pages. The invariant: a session is only begun by a fresh login, which
// replaces whatever cookie came with the request, so nobody can be made to use a session that somebody else prepared.
import { z } from '@hono/zod-openapi';
import { endpoint } from '../../../platform/http/endpoint/endpoint.ts';
import { roles } from '../../../platform/http/endpoint/permissions.ts';
import { problem } from '../../../platform/http/endpoint/problem.ts';
import type { RateLimiter } from '../../../platform/http/limits/rate-limit.ts';
import { json } from '../../../platform/http/request/shapes.ts';
import type { App } from '../../../platform/http/server/request-context.ts';
import type { Issuer } from '../identity.ts';
import { permissions } from '../permissions.ts';
import { credentialsSchema, login } from '../login.ts';
import type { Session, SessionCookie } from './session-cookie.ts';
import { sessionFrom } from './session-token.ts';

const userSchema = z.object({ id: z.string(), email: z.string().nullable(), roles: z.array(z.enum(roles)) });
export const sessionView = z
  .object({
    user: userSchema.nullable().openapi({ description: 'Null when nobody is signed in' }),
    expiresAt: z.iso.datetime().nullable(),
    signIn: z.object({
      kind: z.enum(['password', 'unavailable']),
      demoUsers: z
        .array(z.object({ email: z.string(), role: z.enum(roles), password: z.string() }))
        .openapi({ description: 'Only of the built-in issuer, which is refused in production' }),
    }),
  })
  .openapi('Session');

export interface SessionRoutesOptions {
  readonly issuer: Issuer | undefined;
  readonly cookie: SessionCookie;
  readonly logins: RateLimiter;
}

/** Seconds after which somebody has to sign in again, however active. */
const longest = 12 * 3_600;

/** Pure. `now` in seconds since 1970. */
const isToBeRenewed = ({ began, issued, expires }: Session, now: number): boolean =>
  now - began <= longest && now >= (issued + expires) / 2;

export const addSessionRoutes = (app: App, { issuer, cookie, logins }: SessionRoutesOptions): void => {
  const view = (session: Session | undefined): z.infer<typeof sessionView> => ({
    user: session === undefined ? null : session.user,
    expiresAt: session === undefined ? null : new Date(session.expires * 1_000).toISOString(),
    signIn:
      issuer === undefined
        ? { kind: 'unavailable', demoUsers: [] }
        : { kind: 'password', demoUsers: [...issuer.demoUsers] },
  });

  app.openapi(
    endpoint(permissions['session.read'], {
      tags: ['session'],
      summary: 'Who is signed in; renews a session that is more than half over',
      responses: { 200: { description: 'The session of the cookie', content: json(sessionView) } },
    }),
    async (c) => {
      c.header('Cache-Control', 'no-store');
      const session = await cookie.read(c);
      const isDue = session !== undefined && isToBeRenewed(session, Date.now() / 1_000);
      const token = isDue ? await issuer?.renew(session.user.id) : undefined;
      if (session === undefined || token === undefined) return c.json(view(session), 200);
      const renewed = { ...sessionFrom(token), began: session.began };
      await cookie.write(c, renewed);
      return c.json(view(renewed), 200);
    },
  );

  app.openapi(
    endpoint(permissions['session.begin'], {
      tags: ['session'],
      summary: 'Sign in with e-mail and password; the answer sets the cookie of the session',
      request: { body: { required: true, content: json(credentialsSchema) } },
      responses: { 200: { description: 'The new session', content: json(sessionView) } },
      problems: [401, 429],
    }),
    async (c) => {
      if (issuer === undefined)
        throw problem('not_found', { detail: 'Another OIDC provider issues the tokens.' });
      const session = sessionFrom(await login(c, issuer, logins, c.req.valid('json')));
      await cookie.write(c, session);
      c.header('Cache-Control', 'no-store');
      return c.json(view(session), 200);
    },
  );

  app.openapi(
    endpoint(permissions['session.end'], {
      tags: ['session'],
      summary: 'Sign out',
      responses: { 204: { description: 'The cookie is gone' } },
    }),
    (c) => {
      cookie.clear(c);
      return c.body(null, 204);
    },
  );
};
