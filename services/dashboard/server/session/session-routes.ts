// Sign in, sign out, and the current session. A login always creates a new session and replaces the cookie of the request, so
// session fixation is not possible.
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
import type { OidcClient } from './oidc-client.ts';
import type { Sessions } from './sessions.ts';
import type { Session } from './session-token.ts';

const userSchema = z.object({ id: z.string(), email: z.string().nullable(), roles: z.array(z.enum(roles)) });
export const sessionView = z
  .object({
    user: userSchema.nullable().openapi({ description: 'Null when nobody is signed in' }),
    expiresAt: z.iso.datetime().nullable().openapi({
      description: 'When the access token expires; the session then ends unless a request can still renew it',
    }),
    signIn: z.object({
      kind: z.enum(['password', 'provider', 'unavailable']).openapi({
        description:
          'How users sign in: with email and password, at another OIDC provider, or not at all (not configured)',
      }),
      demoUsers: z
        .array(z.object({ email: z.string(), role: z.enum(roles), password: z.string() }))
        .openapi({ description: 'Only with the built-in issuer, which is refused in production' }),
    }),
  })
  .openapi('Session');

interface SessionRoutesOptions {
  readonly issuer: Issuer | undefined;
  readonly oidc: OidcClient | undefined;
  readonly sessions: Sessions;
  readonly logins: RateLimiter;
}

export const addSessionRoutes = (
  app: App,
  { issuer, oidc, sessions, logins }: SessionRoutesOptions,
): void => {
  const kind = issuer !== undefined ? 'password' : oidc !== undefined ? 'provider' : 'unavailable';
  const view = (session: Session | undefined): z.infer<typeof sessionView> => ({
    user: session === undefined ? null : session.user,
    expiresAt: session === undefined ? null : new Date(session.expires * 1_000).toISOString(),
    signIn: { kind, demoUsers: issuer === undefined ? [] : [...issuer.demoUsers] },
  });

  app.openapi(
    endpoint(permissions['session.read'], {
      tags: ['session'],
      summary: 'The current session; renewed after half of the lifetime of its access token',
      responses: { 200: { description: 'The session of the cookie', content: json(sessionView) } },
    }),
    async (c) => {
      c.header('Cache-Control', 'no-store');
      return c.json(view(await sessions.current(c)), 200);
    },
  );

  app.openapi(
    endpoint(permissions['session.begin'], {
      tags: ['session'],
      summary: 'Sign in with email and password; sets the session cookie',
      request: { body: { required: true, content: json(credentialsSchema) } },
      responses: { 200: { description: 'The new session', content: json(sessionView) } },
      problems: [401, 404, 429],
    }),
    async (c) => {
      if (issuer === undefined)
        throw problem('not_found', { detail: 'Another OIDC provider issues the tokens.' });
      const accessToken = await login(c, issuer, logins, c.req.valid('json'));
      const session = await sessions.begin(c, { accessToken });
      c.header('Cache-Control', 'no-store');
      return c.json(view(session), 200);
    },
  );

  app.openapi(
    endpoint(permissions['session.end'], {
      tags: ['session'],
      summary: 'Sign out',
      responses: {
        200: {
          description: 'The cookie is deleted',
          content: json(
            z
              .object({
                continueAt: z.string().nullable().openapi({
                  description:
                    'The end-session URI of the OIDC provider; null if it has none or does not answer',
                }),
              })
              .openapi('SignedOut'),
          ),
        },
      },
    }),
    async (c) => {
      sessions.end(c);
      const address = await oidc?.signOutAddress().catch((error: unknown) => {
        c.get('logger').warn('signed out here but not at the OIDC provider', { error });
        return undefined;
      });
      return c.json({ continueAt: address?.href ?? null }, 200);
    },
  );
};
