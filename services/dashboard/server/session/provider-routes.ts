// The redirects to the OIDC provider and back. The browser navigates to both routes, so a failure redirects to the sign-in page
// with an explanation instead of returning a problem document.
import { z } from '@hono/zod-openapi';
import { AuthorizationResponseError } from 'openid-client';
import { endpoint } from '../../../platform/http/endpoint/endpoint.ts';
import { isHttpProblem } from '../../../platform/http/endpoint/problem.ts';
import type { App, AppContext } from '../../../platform/http/server/request-context.ts';
import { permissions } from '../permissions.ts';
import { attemptSchema, type OidcClient } from './oidc-client.ts';
import { createSealedCookie } from './sealed-cookie.ts';
import type { Sessions } from './sessions.ts';

interface ProviderRoutesOptions {
  readonly oidc: OidcClient;
  readonly sessions: Sessions;
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly secure: boolean;
}

/** Time for the sign-in at the provider, in seconds. */
const attemptLifetime = 600;

/** Why the sign-in failed. `incomplete`: it expired or began in another browser, or the response of the provider is invalid. */
type Failure = 'refused' | 'incomplete' | 'role' | 'unavailable';

const failureOf = (error: unknown): Failure => {
  if (error instanceof AuthorizationResponseError) return 'refused';
  if (error instanceof z.ZodError && error.issues.some(({ path }) => path[0] === 'roles')) return 'role';
  return isHttpProblem(error) && error.code === 'unavailable' ? 'unavailable' : 'incomplete';
};

/** Only a path of this application: a redirect to another site would help phishing. */
const localPath = z
  .string()
  .max(2_000)
  .regex(/^\/(?![/\\])/)
  .catch('/')
  .openapi({ description: 'The page to open after the sign-in', example: '/orders' });

const redirect = (description: string) => ({
  302: { description, headers: z.object({ Location: z.string() }) },
});

export const addProviderRoutes = (app: App, { oidc, sessions, key, secure }: ProviderRoutesOptions): void => {
  const attempts = createSealedCookie('orderflow_sign_in', attemptSchema, key, secure);

  const failed = (c: AppContext, to: string, error: unknown) => {
    const failure = failureOf(error);
    c.get('logger').warn('a sign-in at the OIDC provider failed', { failure, error });
    return c.redirect(`/sign-in?${new URLSearchParams({ failed: failure, to }).toString()}`, 302);
  };

  app.openapi(
    endpoint(permissions['session.provider'], {
      tags: ['session'],
      summary: 'Redirect to the OIDC provider to sign in',
      request: { query: z.object({ to: localPath }) },
      responses: redirect('To the provider, or to the sign-in page when the provider is not responding'),
    }),
    async (c) => {
      c.header('Cache-Control', 'no-store');
      const { to } = c.req.valid('query');
      try {
        const { address, attempt } = await oidc.begin(to);
        await attempts.write(c, attempt, Math.floor(Date.now() / 1_000) + attemptLifetime);
        return c.redirect(address.href, 302);
      } catch (error) {
        return failed(c, to, error);
      }
    },
  );

  app.openapi(
    endpoint(permissions['session.callback'], {
      tags: ['session'],
      summary: 'The redirect back from the OIDC provider',
      responses: redirect(
        'To the page to open, with the session cookie; if the sign-in failed, to the sign-in page',
      ),
    }),
    async (c) => {
      c.header('Cache-Control', 'no-store');
      const attempt = await attempts.read(c);
      attempts.clear(c);
      if (attempt === undefined)
        return failed(c, '/', new Error('no recent sign-in was started in this browser'));
      try {
        await sessions.begin(c, await oidc.finish(new URL(c.req.url).search, attempt));
        return c.redirect(attempt.to, 302);
      } catch (error) {
        return failed(c, attempt.to, error);
      }
    },
  );
};
