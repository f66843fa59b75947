// TLS to PostgreSQL in libpq's words. The connection string may not speak of it: a driver reads only some of libpq's
// parameters, and one that is skipped leaves a connection that is weaker than what was asked for.
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { z } from 'zod';
import { setting, type Config } from '../settings/config.ts';
import {
  certificateFile,
  identityOf,
  identityProblems,
  minVersion,
  certificateVariables,
  privateKeyFile,
  publicAuthorities,
  ineffectiveSettings,
  type Trust,
} from './pem.ts';

export const databaseTlsSettings = {
  databaseSslMode: setting(
    'DATABASE_SSLMODE',
    'one of disable, require, verify-ca, verify-full',
    z.enum(['disable', 'require', 'verify-ca', 'verify-full']).default('disable'),
    {
      about:
        'TLS to PostgreSQL, as libpq means it: require encrypts and believes any server, verify-ca checks its certificate, verify-full its name as well.',
    },
  ),
  databaseCa: certificateFile(
    'DATABASE_CA_FILE',
    'The authorities that the certificate of PostgreSQL is checked against.',
    publicAuthorities,
  ),
  databaseCert: certificateFile('DATABASE_CERT_FILE', 'The client certificate for PostgreSQL.'),
  databaseKey: privateKeyFile('DATABASE_KEY_FILE', 'The key of DATABASE_CERT_FILE.'),
};
type DatabaseTlsConfig = Config<typeof databaseTlsSettings>;

/** `url` names the server that has to prove itself. */
export const databaseTrust = (config: DatabaseTlsConfig, url: string): Trust => {
  const { databaseSslMode: mode, databaseCa: ca, databaseCert, databaseKey } = config;
  if (mode === 'disable') return false;
  const host = (URL.parse(url)?.hostname ?? '').replace(/^\[|\]$/g, '');
  return {
    minVersion,
    ...(ca === undefined ? {} : { ca }),
    ...identityOf(databaseCert, databaseKey),
    rejectUnauthorized: mode !== 'require',
    // An address is no server name in TLS, so the client would look for another name than the one it connects to.
    checkServerIdentity: (name, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(isIP(host) === 0 ? name : host, certificate) : undefined,
  };
};

/** `urls` by the variable that names them. */
export const databaseTlsProblems = (
  config: DatabaseTlsConfig,
  urls: Readonly<Record<string, string>>,
): string[] => {
  const { databaseSslMode: mode, databaseCa, databaseCert, databaseKey } = config;
  const inUrl = Object.entries(urls)
    .filter(([, url]) =>
      [...(URL.parse(url)?.searchParams.keys() ?? [])].some((name) => name.startsWith('ssl')),
    )
    .map(
      ([variable]) => `${variable} says how to use TLS; expected DATABASE_SSLMODE and its files to say it.`,
    );
  const files = {
    DATABASE_CA_FILE: databaseCa,
    DATABASE_CERT_FILE: databaseCert,
    DATABASE_KEY_FILE: databaseKey,
  };
  if (mode === 'disable') return [...inUrl, ...ineffectiveSettings(files, 'with DATABASE_SSLMODE=disable')];
  return [
    ...inUrl,
    ...(mode === 'require'
      ? ineffectiveSettings(
          { DATABASE_CA_FILE: databaseCa },
          'with DATABASE_SSLMODE=require, which believes any server; expected verify-ca or verify-full',
        )
      : []),
    ...identityProblems(certificateVariables('DATABASE'), databaseCert, databaseKey),
  ];
};
