// The dashboard's server: login and keys of the built-in issuer, and the health of all parts as JSON and as a page.
// The invariant: a refused login says the same in the same time, whether the e-mail is unknown or the password wrong.
// Without it the login would tell strangers who has an account.
import { permissionsOfProcesses } from '../../platform/http/endpoint/permissions.ts';
import { permissions } from './permissions.ts';
import { z } from '@hono/zod-openapi';
import { type App } from '../../platform/http/server/request-context.ts';
import { json } from '../../platform/http/request/shapes.ts';
import { assertPermitted, endpoint } from '../../platform/http/endpoint/endpoint.ts';
import { randomBytes } from 'node:crypto';
import { createRateLimiter, type RateLimiter } from '../../platform/http/limits/rate-limit.ts';
import type { Health } from '../../platform/http/routes/health.ts';
import type { Door } from '../../platform/http/limits/guards.ts';
import { createApp } from '../../platform/http/server/app.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { defineProblems } from '../../platform/http/endpoint/problem.ts';
import { healthPage } from './health-page.ts';
import { tokenLifetime, type Issuer } from './identity.ts';
import type { PartsReport } from './parts-health.ts';

const { kinds, problem } = defineProblems({
  wrong_credentials: {
    status: 401,
    title: 'Wrong credentials',
    explanation: 'No account has this e-mail address and password.',
  },
});

const credentialsSchema = z
  .strictObject({
    email: z.string().min(1).max(254).openapi({ example: 'user@orderflow.io' }),
    password: z.string().min(1).max(256).openapi({ example: 'orderflow', format: 'password' }),
  })
  .openapi('Credentials');
const tokenSchema = z
  .object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.int() })
  .openapi('Token');
const partsSchema = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    checkedAt: z.string(),
    parts: z.array(
      z.object({
        name: z.string(),
        status: z.enum(['ok', 'degraded', 'unavailable', 'unknown']),
        latencyMs: z.number().nullable(),
        detail: z.string(),
        pid: z.int().optional(),
        restarts: z.int().optional(),
        state: z.string().optional(),
        startedAt: z.string().optional(),
      }),
    ),
  })
  .openapi('Parts');
const documentSchema = z.record(z.string(), z.unknown());

export interface DashboardOptions {
  readonly logger: Logger;
  readonly health: Health;
  readonly parts: () => Promise<PartsReport>;
  /** Absent when another OIDC provider issues the tokens. */
  readonly issuer: Issuer | undefined;
  /** Per client address; 120 when absent. Guessing a password must not be for free. */
  readonly loginsPerMinute?: number;
  readonly publicUrl?: string | undefined;
  readonly door?: Door;
}

const addIdentity = (app: App, issuer: Issuer, logins: RateLimiter, logger: Logger): void => {
  app.openapi(
    endpoint(permissions['identity.token'], {
      tags: ['identity'],
      summary: 'Exchange e-mail and password for an access token',
      request: { body: { required: true, content: json(credentialsSchema) } },
      responses: {
        200: { description: 'A bearer token for all services', content: json(tokenSchema) },
      },
      problems: [401, 429],
    }),
    async (c) => {
      await logins.take(c.env.incoming?.socket.remoteAddress ?? 'unknown');
      const { email, password } = c.req.valid('json');
      const token = await issuer.login(email, password);
      if (token === undefined) {
        logger.warn('login refused', { correlationId: c.get('correlationId') });
        throw problem('wrong_credentials', { headers: { 'WWW-Authenticate': 'Bearer' } });
      }
      c.header('Cache-Control', 'no-store');
      return c.json({ access_token: token, token_type: 'Bearer' as const, expires_in: tokenLifetime }, 200);
    },
  );
  app.openapi(
    endpoint(permissions['identity.keys'], {
      tags: ['identity'],
      summary: 'The public keys that tokens are verified with',
      responses: { 200: { description: 'A JSON Web Key Set', content: json(documentSchema) } },
    }),
    (c) =>
      c.json({ keys: issuer.jwks().keys.map((key) => ({ ...key })) }, 200, { 'Cache-Control': 'max-age=60' }),
  );
  app.openapi(
    endpoint(permissions['identity.discovery'], {
      tags: ['identity'],
      summary: 'OIDC discovery',
      responses: { 200: { description: 'The discovery document', content: json(documentSchema) } },
    }),
    (c) => c.json({ ...issuer.discovery }, 200, { 'Cache-Control': 'max-age=60' }),
  );
};

export const createDashboardApp = ({
  logger,
  health,
  parts,
  issuer,
  publicUrl,
  door,
  loginsPerMinute = 120,
}: DashboardOptions): App => {
  const app = createApp({
    logger,
    title: 'OrderFlow dashboard',
    description: 'Identity issuer for development, and the health of all parts.',
    problems: kinds,
    publicUrl,
    ...door,
  });
  health.register(app);
  if (issuer !== undefined) {
    addIdentity(app, issuer, createRateLimiter({ requests: loginsPerMinute, windowSeconds: 60 }), logger);
  }

  app.openapi(
    endpoint(permissions['parts.health'], {
      tags: ['health'],
      summary: 'The health of every part of the system',
      responses: { 200: { description: 'One entry per part', content: json(partsSchema) } },
    }),
    async (c) => {
      const { status, checkedAt, parts: all } = await parts();
      return c.json({ status, checkedAt, parts: all.map((part) => ({ ...part })) }, 200, {
        'Cache-Control': 'no-store',
      });
    },
  );
  app.openapi(
    endpoint(permissions['parts.page'], {
      tags: ['health'],
      summary: 'The health of every part as a page',
      responses: { 200: { description: 'A page', content: { 'text/html': { schema: z.string() } } } },
    }),
    async (c) => {
      const nonce = randomBytes(16).toString('base64');
      return c.html(healthPage(await parts(), nonce), 200, {
        'Cache-Control': 'no-store',
        'Content-Security-Policy':
          `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; ` +
          `img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      });
    },
  );
  assertPermitted(app, 'dashboard', permissions, permissionsOfProcesses);
  return app;
};
