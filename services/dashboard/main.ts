// The composition root of the dashboard, and its only file that reads the environment.
import { readConfig } from '../platform/process/settings/config.ts';
import { createHttpOptions } from '../platform/http/limits/guards.ts';
import { serverTls } from '../platform/process/settings/process-settings.ts';
import { createHealth } from '../platform/http/routes/health.ts';
import { serveApp } from '../platform/http/server/serve.ts';
import { createLifecycle } from '../platform/process/lifecycle.ts';
import { createLogger } from '../platform/process/logger.ts';
import { every } from '../platform/process/timer.ts';
import { createDashboardApp } from './server/http.ts';
import { createIssuer, demoUsers, tokenLifetime } from './server/identity.ts';
import { loadSigningKeys, rotateSigningKeys, type SigningKeys } from './server/signing-keys.ts';
import { createOidcClient } from './server/session/oidc-client.ts';
import { loadSessionKey } from './server/session/session-key.ts';
import { createPartsHealth } from './server/parts-health.ts';
import { contradictions, shape } from './settings.ts';

const config = readConfig(shape, process.env, contradictions);

const logger = createLogger({ service: 'dashboard', level: config.logLevel });
const lifecycle = createLifecycle({ logger });

const openIssuer = async () => {
  const { builtInIdentity, keysFile } = config;
  if (builtInIdentity === 'off' || keysFile === undefined) return undefined;
  let keys: SigningKeys = await loadSigningKeys(keysFile);
  const policy = {
    renewAfterMs: config.keyDays * 24 * 3_600_000,
    // The lifetime of a token, plus twice the clock skew that services allow.
    keepMs: (tokenLifetime + 60) * 1_000,
  };
  const rotation = every(
    3_600_000,
    'the rotation of the signing key',
    async () => {
      const { renewed, ...rotated } = await rotateSigningKeys(keysFile, policy, new Date());
      keys = rotated;
      if (renewed) logger.info('the signing key was rotated', { kid: keys.kid });
    },
    logger,
  );
  lifecycle.onStop('keys', rotation.stop);
  return createIssuer({
    issuer: config.oidcIssuer,
    audience: config.oidcAudience,
    keys: () => keys,
    users: demoUsers,
  });
};

const openOidcClient = () => {
  const { builtInIdentity, oidcClientId, publicUrl } = config;
  if (builtInIdentity === 'on' || oidcClientId === undefined || publicUrl === undefined) return undefined;
  return createOidcClient({
    issuer: config.oidcIssuer,
    reachedAt: config.oidcDiscoveryUrl,
    audience: config.oidcAudience,
    clientId: oidcClientId,
    clientSecret: config.oidcClientSecret,
    scope: config.oidcScope,
    publicUrl,
  });
};

const issuer = await openIssuer();
const { httpOptions, checkLoad } = createHttpOptions(config);
const health = createHealth({ checks: { load: checkLoad } });
const app = createDashboardApp({
  logger,
  health,
  issuer,
  oidc: openOidcClient(),
  loginsPerMinute: config.loginsPerMinute,
  parts: createPartsHealth({ targets: config.targets, stackFile: config.stackFile }),
  publicUrl: config.publicUrl,
  sessionKey: await loadSessionKey(config.sessionKeyFile),
  services: {
    order: config.orderUrl,
    inventory: config.inventoryUrl,
    payment: config.paymentUrl,
    auditor: config.auditorUrl,
  },
  webFolder: config.webFolder,
  httpOptions,
});
const server = await serveApp(app, { ...config, logger, tls: serverTls(config) });
lifecycle.onStop('http', () => server.close(), 12_000);
lifecycle.onStop('intake', () => health.drain());
