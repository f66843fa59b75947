// The settings of the dashboard. main.ts reads them and services/SETTINGS.md lists them. Importing this file starts nothing.
// With NODE_ENV=production the built-in issuer is refused, because the password of its demo users is public.
import { z } from 'zod';
import { setting, settings, wholeNumberSetting, type Config } from '../platform/process/settings/config.ts';
import { processProblems, processSettings } from '../platform/process/settings/process-settings.ts';
import { targetsSchema } from './server/parts-health.ts';

const parseJson = (text: string, context: z.RefinementCtx): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' });
    return z.NEVER;
  }
};

const serviceUrl = (name: string, target: string, port: number) =>
  setting(
    name,
    'an http or https URL without a trailing slash',
    z
      .url({ protocol: /^https?$/ })
      .refine((value) => !value.endsWith('/'))
      .default(`http://127.0.0.1:${port}`),
    { description: `The URL of the ${target}, to which the dashboard forwards requests of the pages.` },
  );

export const shape = {
  ...processSettings(3000),
  builtInIdentity: setting(
    'BUILT_IN_IDENTITY',
    'on (demo users, for development) or off (another OIDC provider issues the tokens)',
    z.enum(['on', 'off']).default('on'),
    { description: 'Whether the dashboard is the OIDC issuer itself, with demo users.' },
  ),
  oidcIssuer: settings.oidcIssuer,
  oidcAudience: settings.oidcAudience,
  oidcDiscoveryUrl: settings.oidcDiscoveryUrl,
  oidcClientId: setting(
    'OIDC_CLIENT_ID',
    'the client id of the dashboard at the OIDC provider',
    z.string().optional(),
    {
      description:
        'Enables sign-in at the OIDC provider (authorization code with PKCE). The client needs the redirect URI PUBLIC_URL/session/callback. Used only with BUILT_IN_IDENTITY=off.',
      whenUnset: 'users cannot sign in when BUILT_IN_IDENTITY is off',
    },
  ),
  oidcClientSecret: setting('OIDC_CLIENT_SECRET', 'the client secret', z.string().optional(), {
    secret: true,
    description: 'The secret of OIDC_CLIENT_ID.',
    whenUnset: 'a public client',
  }),
  oidcScope: setting(
    'OIDC_SCOPE',
    'scopes separated by spaces, including openid',
    z
      .string()
      .refine((value) => value.split(' ').includes('openid'))
      .default('openid email'),
    {
      description:
        'The scopes that the dashboard requests. Without a refresh token, a session ends with its access token; some providers issue a refresh token only for the scope offline_access.',
    },
  ),
  keysFile: setting(
    'IDENTITY_KEYS_FILE',
    'the path of the file with the signing keys',
    z.string().optional(),
    {
      description:
        'The signing keys of the built-in issuer. The file is created if it does not exist. Required with BUILT_IN_IDENTITY=on.',
    },
  ),
  stackFile: setting('STACK_FILE', "the path of the supervisor's status file", z.string().optional(), {
    description: 'The status file in which the supervisor of the embedded stack lists its processes.',
    whenUnset: 'only probed components are shown',
  }),
  sessionKeyFile: setting(
    'SESSION_KEY_FILE',
    'the path of the file with the session key',
    z.string().optional(),
    {
      description: 'The key that encrypts the session cookies. The file is created if it does not exist.',
      whenUnset: 'a restart ends all sessions',
    },
  ),
  webFolder: setting('WEB_FOLDER', 'the path of the folder of the built pages', z.string().optional(), {
    description: 'The folder from which the pages are served.',
    whenUnset: 'no pages are served',
  }),
  orderUrl: serviceUrl('ORDER_URL', 'order service', 3001),
  inventoryUrl: serviceUrl('INVENTORY_URL', 'inventory service', 3002),
  paymentUrl: serviceUrl('PAYMENT_URL', 'payment service', 3003),
  auditorUrl: serviceUrl('AUDITOR_URL', 'auditor', 3005),
  keyDays: wholeNumberSetting('IDENTITY_KEY_DAYS', {
    minimum: 1,
    maximum: 3_650,
    byDefault: 30,
    description: 'Days after which the built-in issuer rotates its signing key.',
  }),
  loginsPerMinute: wholeNumberSetting('LOGINS_PER_MINUTE', {
    minimum: 1,
    maximum: 1_000_000,
    byDefault: 120,
    description:
      'Maximum number of login attempts per minute and client address. Further attempts are answered 429.',
  }),
  targets: setting(
    'HEALTH_TARGETS',
    'a JSON array of {name, kind: "http", url} and {name, kind: "tcp", host, port}',
    z.string().default('[]').transform(parseJson).pipe(targetsSchema),
    { description: 'The components that the status page probes.' },
  ),
};

const identityProblems = ({
  environment,
  builtInIdentity,
  keysFile,
  oidcClientId,
  publicUrl,
}: Config<typeof shape>): string[] => {
  if (builtInIdentity === 'off') {
    return oidcClientId !== undefined && publicUrl === undefined
      ? [
          'PUBLIC_URL is not set; it is needed with OIDC_CLIENT_ID, because the provider redirects browsers to this URL.',
        ]
      : [];
  }
  if (environment === 'production') {
    return [
      'NODE_ENV is "production", but the built-in issuer has demo users whose password is public; ' +
        'set BUILT_IN_IDENTITY=off and set OIDC_ISSUER to a real OIDC provider.',
    ];
  }
  return keysFile === undefined
    ? ['IDENTITY_KEYS_FILE is not set; expected the path of the file with the signing keys.']
    : [];
};

export const contradictions = (config: Config<typeof shape>): string[] => [
  ...processProblems(config),
  ...identityProblems(config),
];
