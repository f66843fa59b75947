// The dashboard's composition root, and the only place in it that reads the environment.
import { readConfig } from '../platform/config.ts';
import { serverTls } from '../platform/process-settings.ts';
import { createHealth } from '../platform/health.ts';
import { serveApp } from '../platform/http.ts';
import { createLifecycle } from '../platform/lifecycle.ts';
import { createLogger } from '../platform/logger.ts';
import { createDashboardApp } from './http.ts';
import { createIssuer, demoUsers, loadSigningKeys } from './identity.ts';
import { createPartsHealth } from './parts-health.ts';
import { contradictions, shape } from './settings.ts';

const config = readConfig(shape, process.env, contradictions);

const logger = createLogger({ service: 'dashboard', level: config.logLevel });
const lifecycle = createLifecycle({ logger });

const openIssuer = async () => {
  const { builtInIdentity, keysFile } = config;
  if (builtInIdentity === 'off' || keysFile === undefined) return undefined;
  return createIssuer({
    issuer: config.oidcIssuer,
    audience: config.oidcAudience,
    keys: await loadSigningKeys(keysFile),
    users: demoUsers,
  });
};

const issuer = await openIssuer();
const health = createHealth({ checks: {} });
const app = createDashboardApp({
  logger,
  health,
  issuer,
  parts: createPartsHealth({ targets: config.targets, stackFile: config.stackFile }),
  publicUrl: config.publicUrl,
});
const server = await serveApp(app, { host: config.host, port: config.port, logger, tls: serverTls(config) });
lifecycle.onStop('http', () => server.close(), 12_000);
lifecycle.onStop('intake', () => health.drain());
