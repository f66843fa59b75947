// The settings of the dashboard: main.ts reads them, services/SETTINGS.md lists them. Importing this starts nothing.
// The built-in issuer has users whose password everybody knows, so with NODE_ENV=production it is refused.
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

const serviceUrl = (name: string, to: string, port: number) =>
  setting(
    name,
    'an http or https address without a trailing slash',
    z
      .url({ protocol: /^https?$/ })
      .refine((value) => !value.endsWith('/'))
      .default(`http://127.0.0.1:${port}`),
    { description: `Where the pages' requests to the ${to} are passed on to.` },
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
    'the id of the client that the OIDC provider knows the dashboard by',
    z.string().optional(),
    {
      description:
        'Lets people sign in to the pages at the OIDC provider (authorization code with PKCE); its client must allow the redirect to PUBLIC_URL/session/callback. For BUILT_IN_IDENTITY=off.',
      otherwise: 'nobody can sign in to the pages when BUILT_IN_IDENTITY is off',
    },
  ),
  oidcClientSecret: setting('OIDC_CLIENT_SECRET', 'the secret of that client', z.string().optional(), {
    secret: true,
    description: 'The secret of OIDC_CLIENT_ID.',
    otherwise: 'a public client',
  }),
  oidcScope: setting(
    'OIDC_SCOPE',
    'scopes separated by spaces, openid among them',
    z
      .string()
      .refine((value) => value.split(' ').includes('openid'))
      .default('openid email'),
    {
      description:
        'What the dashboard asks the OIDC provider for. Some providers give a refresh token, without which a session ends with its access token, only for offline_access.',
    },
  ),
  keysFile: setting(
    'IDENTITY_KEYS_FILE',
    'the path of the file that keeps the signing keys',
    z.string().optional(),
    {
      description:
        'The signing keys of the built-in issuer; made when they are not there. Needed with BUILT_IN_IDENTITY=on.',
    },
  ),
  stackFile: setting('STACK_FILE', "the path of the supervisor's status file", z.string().optional(), {
    description: 'Where the supervisor of the embedded stack says which processes run.',
    otherwise: 'only what is probed is shown',
  }),
  sessionKeyFile: setting(
    'SESSION_KEY_FILE',
    'the path of the file that keeps the key of the sessions',
    z.string().optional(),
    {
      description: 'The key that encrypts the cookies of the pages; made when it is not there.',
      otherwise: 'a restart signs everybody out',
    },
  ),
  webFolder: setting('WEB_FOLDER', 'the path of the folder of the built pages', z.string().optional(), {
    description: 'Where the pages are served from.',
    otherwise: 'no pages are served',
  }),
  orderUrl: serviceUrl('ORDER_URL', 'order service', 3001),
  inventoryUrl: serviceUrl('INVENTORY_URL', 'inventory service', 3002),
  paymentUrl: serviceUrl('PAYMENT_URL', 'payment service', 3003),
  auditorUrl: serviceUrl('AUDITOR_URL', 'auditor', 3005),
  keyDays: wholeNumberSetting('IDENTITY_KEY_DAYS', {
    minimum: 1,
    maximum: 3_650,
    byDefault: 30,
    description: 'Days after which the built-in issuer signs with a new key.',
  }),
  loginsPerMinute: wholeNumberSetting('LOGINS_PER_MINUTE', {
    minimum: 1,
    maximum: 1_000_000,
    byDefault: 120,
    description: 'Logins that one client address may try in a minute; beyond it 429.',
  }),
  targets: setting(
    'HEALTH_TARGETS',
    'a JSON array of {name, kind: "http", url} and {name, kind: "tcp", host, port}',
    z.string().default('[]').transform(parseJson).pipe(targetsSchema),
    { description: 'What the health page probes.' },
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
      ? ['PUBLIC_URL is not set; with OIDC_CLIENT_ID the provider sends browsers back to it.']
      : [];
  }
  if (environment === 'production') {
    return [
      'NODE_ENV is "production", but the built-in issuer has demo users whose password is public; ' +
        'set BUILT_IN_IDENTITY=off and let OIDC_ISSUER name a real OIDC provider.',
    ];
  }
  return keysFile === undefined
    ? ['IDENTITY_KEYS_FILE is not set; expected the path of the file that keeps the signing keys.']
    : [];
};

export const contradictions = (config: Config<typeof shape>): string[] => [
  ...processProblems(config),
  ...identityProblems(config),
];
