// The dashboard's composition root. The built-in issuer has users whose password everybody knows, so a process that
// says it is in production refuses to start with it.
import { readConfig, refuseToStart, setting, settings, wholeNumberSetting } from '../platform/config.ts';
import { guardSettings, openDoor } from '../platform/guards.ts';
import { createHealth } from '../platform/health.ts';
import { serveApp } from '../platform/http.ts';
import { createLifecycle } from '../platform/lifecycle.ts';
import { createLogger } from '../platform/logger.ts';
import { every } from '../platform/timer.ts';
import { z } from 'zod';
import { createDashboardApp } from './http.ts';
import { createIssuer, demoUsers, tokenLifetime } from './identity.ts';
import { loadSigningKeys, rotateSigningKeys, type SigningKeys } from './signing-keys.ts';
import { createPartsHealth, targetsSchema } from './parts-health.ts';

const parseJson = (text: string, context: z.RefinementCtx): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' });
    return z.NEVER;
  }
};

const config = readConfig(
  {
    host: settings.host,
    port: settings.port(3000),
    logLevel: settings.logLevel,
    publicUrl: settings.publicUrl,
    ...guardSettings,
    environment: setting('NODE_ENV', 'the name of the environment', z.string().default('development')),
    builtInIdentity: setting(
      'BUILT_IN_IDENTITY',
      'on (demo users, for development) or off (another OIDC provider issues the tokens)',
      z.enum(['on', 'off']).default('on'),
    ),
    oidcIssuer: settings.oidcIssuer,
    oidcAudience: settings.oidcAudience,
    keysFile: setting(
      'IDENTITY_KEYS_FILE',
      'the path of the file that keeps the signing keys',
      z.string().optional(),
    ),
    stackFile: setting('STACK_FILE', "the path of the supervisor's status file", z.string().optional()),
    keyDays: wholeNumberSetting('IDENTITY_KEY_DAYS', { minimum: 1, maximum: 3_650, byDefault: 30 }),
    loginsPerMinute: wholeNumberSetting('LOGINS_PER_MINUTE', {
      minimum: 1,
      maximum: 1_000_000,
      byDefault: 120,
    }),
    targets: setting(
      'HEALTH_TARGETS',
      'a JSON array of {name, kind: "http", url} and {name, kind: "tcp", host, port}',
      z.string().default('[]').transform(parseJson).pipe(targetsSchema),
    ),
  },
  process.env,
);

const logger = createLogger({ service: 'dashboard', level: config.logLevel });
const lifecycle = createLifecycle({ logger });

const openIssuer = async () => {
  if (config.builtInIdentity === 'off') return undefined;
  if (config.environment === 'production') {
    return refuseToStart([
      'NODE_ENV is "production", but the built-in issuer has demo users whose password is public; ' +
        'set BUILT_IN_IDENTITY=off and let OIDC_ISSUER name a real OIDC provider.',
    ]);
  }
  if (config.keysFile === undefined) {
    return refuseToStart([
      'IDENTITY_KEYS_FILE is not set; expected the path of the file that keeps the signing keys.',
    ]);
  }
  const { keysFile } = config;
  let keys: SigningKeys = await loadSigningKeys(keysFile);
  const policy = {
    renewAfterMs: config.keyDays * 24 * 3_600_000,
    // Twice the skew that services allow.
    keepMs: (tokenLifetime + 60) * 1_000,
  };
  const rotating = every(
    3_600_000,
    'the renewal of the signing key',
    async () => {
      const { renewed, ...rotated } = await rotateSigningKeys(keysFile, policy, new Date());
      keys = rotated;
      if (renewed) logger.info('the signing key was renewed', { kid: keys.kid });
    },
    logger,
  );
  lifecycle.onStop('keys', rotating.stop);
  return createIssuer({
    issuer: config.oidcIssuer,
    audience: config.oidcAudience,
    keys: () => keys,
    users: demoUsers,
  });
};

const issuer = await openIssuer();
const { door, load } = openDoor(config);
const health = createHealth({ checks: { load } });
const app = createDashboardApp({
  logger,
  health,
  issuer,
  loginsPerMinute: config.loginsPerMinute,
  parts: createPartsHealth({ targets: config.targets, stackFile: config.stackFile }),
  publicUrl: config.publicUrl,
  door,
});
const { host, port, maxConnections } = config;
const server = await serveApp(app, { host, port, maxConnections, logger });
lifecycle.onStop('http', () => server.close(), 12_000);
lifecycle.onStop('intake', () => health.drain());
