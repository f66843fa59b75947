// Certificates and keys, named by a path and read once, when the settings are read: a file that is missing or holds something
// else ends the start in one sentence, not the first connection in a riddle. A renewed file is read at the next start.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { z } from 'zod';
import { invalidBecause, setting, type Setting } from '../settings/config.ts';

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';

/** Reads the file; `check` throws when the text is not what it should be. */
const fileOf = (lacks: string, check: (text: string) => unknown) =>
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
        context.addIssue(invalidBecause(`which has no ${lacks} in it`));
        return z.NEVER;
      }
    })
    .optional();

const checkCertificates = (text: string): X509Certificate[] => {
  const blocks = text.match(certificateBlock);
  if (!blocks) throw new Error('no certificate');
  return blocks.map((block) => new X509Certificate(block));
};

/** One or more certificates: an own one followed by those that lead up to the authority, or the authorities to trust. */
export const certificateFile = (
  env: string,
  about: string,
  otherwise?: string,
): Setting<string | undefined> =>
  setting(
    env,
    'the path of a PEM file with certificates',
    fileOf('PEM certificate that can be read', checkCertificates),
    { about, ...(otherwise === undefined ? {} : { otherwise }) },
  );

export const privateKeyFile = (env: string, about: string): Setting<string | undefined> =>
  setting(
    env,
    'the path of a PEM file with a private key that needs no passphrase',
    fileOf('private key that can be read', createPrivateKey),
    { about },
  );

/** What proves who one is: PEM texts. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** Both or neither. */
export const identityOf = (cert: string | undefined, key: string | undefined): Identity | undefined =>
  cert !== undefined && key !== undefined ? { cert, key } : undefined;

/** What is wrong with a certificate and its key, of which `variables` are the names. */
export const identityProblems = (
  variables: { readonly cert: string; readonly key: string },
  cert: string | undefined,
  key: string | undefined,
): string[] => {
  if (cert === undefined && key === undefined) return [];
  if (key === undefined)
    return [`${variables.cert} is set, but ${variables.key} is not; expected both or neither.`];
  if (cert === undefined)
    return [`${variables.key} is set, but ${variables.cert} is not; expected both or neither.`];
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
    ? []
    : [`${variables.key} is not the private key of the first certificate of ${variables.cert}.`];
};

/** The variables of a certificate and its key, by the prefix that they share. */
export const certificateVariables = (prefix: string) => ({
  cert: `${prefix}_CERT_FILE`,
  key: `${prefix}_KEY_FILE`,
});

/** Older versions of TLS are broken. */
export const minVersion = 'TLSv1.2';

/** What a connection trusts and how it proves itself; false for one without TLS. */
export type Trust = ConnectionOptions | false;

export const publicAuthorities = 'the authorities of Node and of `NODE_EXTRA_CA_CERTS`';

/**
 * Sentences for those of `given` that are set although `because` makes them void: whoever names an authority and leaves TLS
 * off believes in a protection that is not there.
 */
export const ineffectiveSettings = (given: Readonly<Record<string, unknown>>, because: string): string[] =>
  Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([variable]) => `${variable} is set, but would have no effect ${because}.`);
