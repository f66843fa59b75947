// The dashboard server: the built-in identity issuer, the session, the proxy to the services, the pages, and the health of all
// components. It owns no domain data.
import { permissionsOfProcesses } from '../../platform/http/endpoint/permissions.ts';
import { permissions } from './permissions.ts';
import { z } from '@hono/zod-openapi';
import { type App } from '../../platform/http/server/request-context.ts';
import { json } from '../../platform/http/request/shapes.ts';
import { assertPermitted, endpoint } from '../../platform/http/endpoint/endpoint.ts';
import { createRateLimiter, type RateLimiter } from '../../platform/http/limits/rate-limit.ts';
import type { Health } from '../../platform/http/routes/health.ts';
import { createGuards, type HttpOptions } from '../../platform/http/limits/guards.ts';
import { createApp } from '../../platform/http/server/app.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { tokenLifetime, type Issuer } from './identity.ts';
import { credentialsSchema, dashboardProblems, login } from './login.ts';
import type { PartsReport } from './parts-health.ts';
import { functionsOf } from './public-health.ts';
import { addCatalogueRoutes } from './catalogue/catalogue-routes.ts';
import type { OidcClient } from './session/oidc-client.ts';
import { addProviderRoutes } from './session/provider-routes.ts';
import { createSessions } from './session/sessions.ts';
import { authenticateBySession } from './session/session-guard.ts';
import { addSessionRoutes } from './session/session-routes.ts';
import { refuseOtherOrigins } from './web/same-origin.ts';
import { addServiceProxy, type ServiceUrls } from './web/service-proxy.ts';
import { addWebApp } from './web/web-app.ts';

const tokenSchema = z
  .object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.int() })
  .openapi('Token');
const healthSchema = z
  .object({
    checkedAt: z.string(),
    functions: z.array(
      z.object({
        name: z.string(),
        status: z.enum(['ok', 'slow', 'disrupted']),
        effect: z.string().optional(),
      }),
    ),
    parts: z
      .array(
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
      )
      .optional()
      .openapi({ description: 'Only for administrators' }),
  })
  .openapi('SystemHealth');
const documentSchema = z.record(z.string(), z.unknown());

interface DashboardOptions {
  readonly logger: Logger;
  readonly health: Health;
  readonly parts: () => Promise<PartsReport>;
  /** Undefined when another OIDC provider issues the tokens. */
  readonly issuer: Issuer | undefined;
  /** The client for sign-in at another OIDC provider. Without `issuer` and `oidc`, users cannot sign in. */
  readonly oidc?: OidcClient | undefined;
  /** Maximum number of login attempts per minute and client address, against password guessing; 120 when absent. */
  readonly loginsPerMinute?: number;
  readonly publicUrl?: string | undefined;
  /** 32 bytes. Encrypts the session cookies. */
  readonly sessionKey: Uint8Array;
  readonly services: ServiceUrls;
  /** The folder of the built pages; when absent, no pages are served. */
  readonly webFolder?: string | undefined;
  readonly httpOptions?: HttpOptions;
}

const addIdentity = (app: App, issuer: Issuer, logins: RateLimiter): void => {
  app.openapi(
    endpoint(permissions['identity.token'], {
      tags: ['identity'],
      summary: 'Exchange email and password for an access token',
      request: { body: { required: true, content: json(credentialsSchema) } },
      responses: {
        200: { description: 'A bearer token for all services', content: json(tokenSchema) },
      },
      problems: [401, 429],
    }),
    async (c) => {
      const token = await login(c, issuer, logins, c.req.valid('json'));
      c.header('Cache-Control', 'no-store');
      return c.json({ access_token: token, token_type: 'Bearer' as const, expires_in: tokenLifetime }, 200);
    },
  );
  app.openapi(
    endpoint(permissions['identity.keys'], {
      tags: ['identity'],
      summary: 'The public keys for verifying tokens',
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
  oidc,
  publicUrl,
  sessionKey,
  services,
  webFolder,
  httpOptions,
  loginsPerMinute = 120,
}: DashboardOptions): App => {
  const secure = publicUrl?.startsWith('https:') === true;
  const sessions = createSessions(sessionKey, secure, async ({ user, refreshToken }) => {
    if (refreshToken !== undefined) return oidc?.renew(refreshToken);
    const accessToken = await issuer?.renew(user.id);
    return accessToken === undefined ? undefined : { accessToken };
  });
  const app = createApp({
    logger,
    title: 'OrderFlow dashboard',
    description:
      'Identity issuer for development, sessions of the pages, and the health of all components. `/api/{service}/…` is a proxy to `/api/v1/…` of that service for signed-in users.',
    problems: dashboardProblems,
    publicUrl,
    ...httpOptions,
    guards: { ...(httpOptions?.guards ?? createGuards()), authenticate: authenticateBySession(sessions) },
  });
  health.register(app);
  const logins = createRateLimiter({ requests: loginsPerMinute, windowSeconds: 60 });
  app.use('/session', refuseOtherOrigins(publicUrl));
  app.use('/api/*', refuseOtherOrigins(publicUrl));
  if (issuer !== undefined) {
    addIdentity(app, issuer, logins);
  }
  addSessionRoutes(app, { issuer, oidc, sessions, logins });
  if (oidc !== undefined) addProviderRoutes(app, { oidc, sessions, key: sessionKey, secure });

  app.openapi(
    endpoint(permissions['parts.health'], {
      tags: ['health'],
      summary: 'The health of the functions of the shop; for administrators, also of every component',
      responses: {
        200: { description: 'The health of each function of the shop', content: json(healthSchema) },
      },
    }),
    async (c) => {
      // The status page must work even while the issuer does not respond.
      const [report, session] = await Promise.all([parts(), sessions.current(c).catch(() => undefined)]);
      const isAdministrator = session?.user.roles.includes('ADMIN') === true;
      return c.json(
        {
          checkedAt: report.checkedAt,
          functions: functionsOf(report.parts),
          ...(isAdministrator ? { parts: report.parts.map((part) => ({ ...part })) } : {}),
        },
        200,
        { 'Cache-Control': 'no-store' },
      );
    },
  );
  addCatalogueRoutes(app);
  addServiceProxy(app, { services, sessions });
  if (webFolder !== undefined) addWebApp(app, webFolder);
  assertPermitted(app, 'dashboard', permissions, permissionsOfProcesses);
  return app;
};
