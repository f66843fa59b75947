// Settings are read once, at start-up, from the environment and turned into typed values.
// The invariant: a process never starts with a missing or malformed setting. Otherwise a typo would cause a failure only
// when the setting is first used, perhaps hours later.
import { z } from 'zod';

/** EX_CONFIG of sysexits(3): tells a supervisor that the settings are wrong and that a restart is useless. */
export const configurationExitCode = 78;

/** One environment variable: its schema and its documentation. */
export interface Setting<T> {
  readonly env: string;
  /** The meaning and unit of the value, for services/SETTINGS.md. */
  readonly description: string;
  /** Receives the trimmed text of the variable, or undefined when the variable is unset or blank. */
  readonly schema: z.ZodType<T, string | undefined>;
  /** Completes the sentence "expected …". */
  readonly expected: string;
  /** The value never appears in a message. */
  readonly secret?: boolean;
  /** The behaviour when the variable is not set, for the documentation. Needed when the schema has no default that shows it. */
  readonly whenUnset?: string;
}

export type SettingShape = Readonly<Record<string, Setting<unknown>>>;
type ValueOf<S> = S extends Setting<infer T> ? T : never;
/** The typed values of a shape. */
export type Config<S extends SettingShape> = { readonly [K in keyof S]: ValueOf<S[K]> };

export type Environment = Readonly<Record<string, string | undefined>>;

export const setting = <T>(
  env: string,
  expected: string,
  schema: z.ZodType<T, string | undefined>,
  words: { readonly description: string; readonly secret?: boolean; readonly whenUnset?: string },
): Setting<T> => ({ env, expected, schema, ...words });

/** A validation issue with a reason, which appears in the sentence `X is "…", <reason>; expected …`. */
export const invalidBecause = (reason: string) => ({ code: 'custom' as const, params: { reason } });

const reasonOf = (error: z.ZodError): string => {
  for (const issue of error.issues) {
    const reason: unknown = issue.code === 'custom' ? issue.params?.['reason'] : undefined;
    if (typeof reason === 'string') return `, ${reason}`;
  }
  return '';
};

/** Undefined for a blank text. */
const trimmedText = (value: string | undefined): string | undefined => {
  const trimmed = value?.trim();
  return trimmed === '' ? undefined : trimmed;
};

const httpUrl = z.url({ protocol: /^https?$/ });

const wholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(minimum).max(maximum));

/** Whether every `%` of the text begins a percent-encoded character. */
export const isPercentEncoded = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

const broker = /^[A-Za-z0-9.[\]:_-]+:\d{1,5}$/;

/** Settings that several services share; each service selects from them. */
export const settings = {
  host: setting('HOST', 'a host name or address to listen on', z.string().default('127.0.0.1'), {
    description: 'The address on which the HTTP server listens; 0.0.0.0 for every interface.',
  }),
  port: (byDefault: number): Setting<number> =>
    setting(
      'PORT',
      'a whole number from 0 to 65535 (0 picks a free port)',
      wholeNumber(0, 65535).default(byDefault),
      { description: 'The port of the HTTP server.' },
    ),
  logLevel: setting(
    'LOG_LEVEL',
    'one of error, warn, info, debug',
    z.enum(['error', 'warn', 'info', 'debug']).default('info'),
    { description: 'The lowest level that is logged, as JSON on stdout.' },
  ),
  publicUrl: setting(
    'PUBLIC_URL',
    'an http or https address without a trailing slash, query or fragment',
    httpUrl.refine((value) => !/[?#]|\/$/.test(value)).optional(),
    {
      description:
        'The address under which clients reach the process, used in links. If it has a path, the proxy must remove this path from each request.',
      whenUnset: 'links are relative',
    },
  ),
  environment: setting('NODE_ENV', 'the name of the environment', z.string().default('development'), {
    description:
      'With "production", the process refuses to start with settings that are only safe on a laptop.',
  }),
  databaseUrl: setting(
    'DATABASE_URL',
    'postgres://user:password@host:port/database',
    z.url({ protocol: /^postgres(ql)?$/ }).refine(isPercentEncoded),
    { secret: true, description: 'The PostgreSQL database, with the role that cannot change the schema.' },
  ),
  kafkaBrokers: setting(
    'KAFKA_BROKERS',
    'a comma-separated list of host:port',
    z
      .string()
      .transform((value) => value.split(',').map((entry) => entry.trim()))
      .pipe(z.array(z.string().regex(broker)).min(1)),
    { description: 'The bootstrap brokers; one of them has to be reachable.' },
  ),
  schemaRegistryUrl: setting(
    'SCHEMA_REGISTRY_URL',
    'the http or https address of a Confluent-compatible schema registry',
    httpUrl,
    { description: 'Where the ids of the event schemas are looked up.' },
  ),
  oidcIssuer: setting('OIDC_ISSUER', 'the http or https address of the OIDC issuer', httpUrl, {
    description:
      'Must equal the `iss` of the access tokens. The keys are found through OIDC_ISSUER/.well-known/openid-configuration.',
  }),
  oidcDiscoveryUrl: setting(
    'OIDC_DISCOVERY_URL',
    'the http or https address at which the OIDC issuer is reached from here',
    httpUrl.optional(),
    {
      description:
        'The address for discovery and keys when this process cannot reach OIDC_ISSUER, such as a name in a container network. The `iss` of the tokens must still be OIDC_ISSUER.',
      whenUnset: 'OIDC_ISSUER',
    },
  ),
  oidcAudience: setting(
    'OIDC_AUDIENCE',
    'the audience that access tokens are issued for',
    z.string().default('orderflow'),
    { description: 'The `aud` that an access token must have.' },
  ),
  gatewayUrl: setting('GATEWAY_URL', 'the http or https address of the payment gateway', httpUrl, {
    description: 'Where payments are charged and the ledger is read.',
  }),
} as const;

/** `minimum` and `maximum` are inclusive. */
export const wholeNumberSetting = (
  env: string,
  options: {
    readonly minimum: number;
    readonly maximum: number;
    readonly byDefault: number;
    readonly description: string;
  },
): Setting<number> =>
  setting(
    env,
    `a whole number from ${options.minimum} to ${options.maximum}`,
    wholeNumber(options.minimum, options.maximum).default(options.byDefault),
    { description: options.description },
  );

type ConfigResult<S extends SettingShape> =
  | { readonly ok: true; readonly config: Config<S> }
  | { readonly ok: false; readonly problems: readonly string[] };

/** One sentence per contradiction between settings that are valid by themselves. */
type Contradictions<S extends SettingShape> = (config: Config<S>) => readonly string[];

/**
 * Checks all settings before it returns, so that one start reports all invalid settings. Contradictions are checked only when every
 * setting is valid by itself.
 */
export const parseConfig = <S extends SettingShape>(
  shape: S,
  env: Environment,
  contradictions: Contradictions<S> = () => [],
): ConfigResult<S> => {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, { env: variable, schema, expected, secret }] of Object.entries(shape)) {
    const given = trimmedText(env[variable]);
    const parsed = schema.safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else if (given === undefined) problems.push(`${variable} is not set; expected ${expected}.`);
    else if (secret === true) problems.push(`${variable} is malformed; expected ${expected}.`);
    else
      problems.push(
        `${variable} is ${JSON.stringify(given)}${reasonOf(parsed.error)}; expected ${expected}.`,
      );
  }
  if (problems.length > 0) return { ok: false, problems };
  // Safe: `values` has one parsed value per key of `shape`, and each schema is a ZodType of that value.
  const config = values as Config<S>;
  const contradicting = contradictions(config);
  return contradicting.length > 0 ? { ok: false, problems: contradicting } : { ok: true, config };
};

/** Reads the settings of a process or refuses to start. `main.ts` calls it once with `process.env`. */
export const readConfig = <S extends SettingShape>(
  shape: S,
  env: Environment,
  contradictions?: Contradictions<S>,
): Config<S> => {
  const result = parseConfig(shape, env, contradictions);
  if (result.ok) return result.config;
  return refuseToStart(result.problems);
};

/** Ends the process with exit code 78 and one sentence per problem on stderr. */
export const refuseToStart = (problems: readonly string[]): never => {
  process.stderr.write(`Cannot start:\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
  process.exit(configurationExitCode);
};
