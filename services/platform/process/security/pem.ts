// Certificates and keys are read once, together with the settings: with a missing or wrong file, the process refuses to start and
// prints a clear sentence, instead of failing at the first connection. A renewed file is read at the next start.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { z } from 'zod';
import { invalidBecause, setting, type Setting } from '../settings/config.ts';

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';

/** `check` throws when the file does not contain `content`. */
const fileOf = (content: string, check: (text: string) => unknown) =>
  z
    .string()
    .transform((path, context) => {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch (error) {
        context.addIssue(invalidBecause(`which cannot be read (${codeOf(error)})`));
        return z.NEVER;
      }
      try {
        check(text);
        return text;
      } catch {
        context.addIssue(invalidBecause(`which contains no ${content}`));
        return z.NEVER;
      }
    })
    .optional();

const checkCertificates = (text: string): X509Certificate[] => {
  const blocks = text.match(certificateBlock);
  if (!blocks) throw new Error('no certificate');
  return blocks.map((block) => new X509Certificate(block));
};

/** A file of one or more certificates: a chain that begins with the process's own certificate, or trusted authorities. */
export const certificateFile = (
  env: string,
  description: string,
  whenUnset?: string,
): Setting<string | undefined> =>
  setting(
    env,
    'the path of a PEM file with certificates',
    fileOf('valid PEM certificate', checkCertificates),
    { description, ...(whenUnset === undefined ? {} : { whenUnset }) },
  );

export const privateKeyFile = (env: string, description: string): Setting<string | undefined> =>
  setting(
    env,
    'the path of a PEM file with a private key that needs no passphrase',
    fileOf('valid private key', createPrivateKey),
    { description },
  );

/** A certificate chain and its private key, in PEM. */
interface Identity {
  readonly cert: string;
  readonly key: string;
}

export const identityOf = (cert: string | undefined, key: string | undefined): Identity | undefined =>
  cert !== undefined && key !== undefined ? { cert, key } : undefined;

/** TLS options of a client: trusted authorities (the public ones when absent) and an optional client certificate. */
export const clientTls = (ca: string | undefined, cert: string | undefined, key: string | undefined) => ({
  // Older versions are insecure.
  minVersion: 'TLSv1.2' as const,
  ...(ca === undefined ? {} : { ca }),
  ...identityOf(cert, key),
});

/** One sentence if only one of two settings is set, else none. */
export const bothOrNeither = (pair: Readonly<Record<string, unknown>>): string[] => {
  const variables = Object.keys(pair);
  const set = variables.filter((variable) => pair[variable] !== undefined);
  const missing = variables.filter((variable) => pair[variable] === undefined);
  return set.length === 1 ? [`${set[0]} is set, but ${missing[0]} is not; expected both or neither.`] : [];
};

/** One sentence per problem of a certificate and its key; `variables`: the names of their environment variables. */
export const identityProblems = (
  variables: { readonly cert: string; readonly key: string },
  cert: string | undefined,
  key: string | undefined,
): string[] => {
  if (cert === undefined || key === undefined)
    return bothOrNeither({ [variables.cert]: cert, [variables.key]: key });
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
    ? []
    : [`${variables.key} is not the private key of the first certificate of ${variables.cert}.`];
};

/** The names of the environment variables of a certificate and its key. */
export const certificateVariables = (prefix: string) => ({
  cert: `${prefix}_CERT_FILE`,
  key: `${prefix}_KEY_FILE`,
});

/** TLS options of a connection; false without TLS. */
export type Trust = ConnectionOptions | false;

export const publicAuthorities = 'the authorities of Node and of `NODE_EXTRA_CA_CERTS`';

/**
 * One sentence per setting that is set but has no effect. Such a setting is refused, because an operator who names an
 * authority but leaves TLS off would believe that the connection is protected.
 */
export const ineffectiveSettings = (
  settings: Readonly<Record<string, unknown>>,
  condition: string,
): string[] =>
  Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .map(([variable]) => `${variable} is set, but would have no effect ${condition}.`);
