// The way of a browser to the OIDC provider and back. Both addresses are visited, not fetched, so a failure is a page of ours that
// says what happened, never a problem document.
import { z } from '@hono/zod-openapi';
import { AuthorizationResponseError } from 'openid-client';
import { endpoint } from '../../../platform/http/endpoint/endpoint.ts';
import { isHttpProblem } from '../../../platform/http/endpoint/problem.ts';
import type { App, AppContext } from '../../../platform/http/server/request-context.ts';
import { permissions } from '../permissions.ts';
import { attemptSchema, type OidcClient } from './oidc-client.ts';
import { createSealedCookie } from './sealed-cookie.ts';
import type { Sessions } from './sessions.ts';

export interface ProviderRoutesOptions {
  readonly oidc: OidcClient;
  readonly sessions: Sessions;
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly secure: boolean;
}

/** Seconds to sign in at the provider. */
const longestAttempt = 600;

/** Why somebody is back on the sign-in page; `incomplete` is late, begun in another browser, or an answer that fails a check. */
type Failure = 'refused' | 'incomplete' | 'role' | 'unavailable';

const failureOf = (error: unknown): Failure => {
  if (error instanceof AuthorizationResponseError) return 'refused';
  if (error instanceof z.ZodError) return 'role';
  return isHttpProblem(error) && error.code === 'unavailable' ? 'unavailable' : 'incomplete';
};

/** An address of these pages, never of another site. */
const innerAddress = z
  .string()
  .max(2_000)
  .regex(/^\/(?![/\\])/)
  .catch('/')
  .openapi({ description: 'The address of the pages to go on to', example: '/orders' });

const elsewhere = (description: string) => ({
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
      summary: 'Go to the OIDC provider to sign in',
      request: { query: z.object({ to: innerAddress }) },
      responses: elsewhere('To the provider, or to the sign-in page when the provider does not answer'),
    }),
    async (c) => {
      c.header('Cache-Control', 'no-store');
      const { to } = c.req.valid('query');
      try {
        const { address, attempt } = await oidc.begin(to);
        await attempts.write(c, attempt, Math.floor(Date.now() / 1_000) + longestAttempt);
        return c.redirect(address.href, 302);
      } catch (error) {
        return failed(c, to, error);
      }
    },
  );

  app.openapi(
    endpoint(permissions['session.callback'], {
      tags: ['session'],
      summary: 'Come back from the OIDC provider',
      responses: elsewhere('To the pages, with the cookie of the session, or to the sign-in page'),
    }),
    async (c) => {
      c.header('Cache-Control', 'no-store');
      const attempt = await attempts.read(c);
      attempts.clear(c);
      if (attempt === undefined)
        return failed(c, '/', new Error('no sign-in was begun in this browser in the last minutes'));
      try {
        await sessions.begin(c, await oidc.finish(new URL(c.req.url).search, attempt));
        return c.redirect(attempt.to, 302);
      } catch (error) {
        return failed(c, attempt.to, error);
      }
    },
  );
};
