// TLS to PostgreSQL, with the modes of libpq. The connection string must not contain TLS parameters: the driver supports
// only some of them, and an ignored parameter would leave the connection weaker than configured.
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { z } from 'zod';
import { setting, type Config } from '../settings/config.ts';
import {
  certificateFile,
  identityProblems,
  certificateVariables,
  clientTls,
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
      description:
        'TLS to PostgreSQL, with the modes of libpq: require encrypts but trusts any server, verify-ca checks its certificate, verify-full also its name.',
    },
  ),
  databaseCa: certificateFile(
    'DATABASE_CA_FILE',
    'The authorities that may have issued the certificate of PostgreSQL.',
    publicAuthorities,
  ),
  databaseCert: certificateFile('DATABASE_CERT_FILE', 'The client certificate for PostgreSQL.'),
  databaseKey: privateKeyFile('DATABASE_KEY_FILE', 'The key of DATABASE_CERT_FILE.'),
};
type DatabaseTlsConfig = Config<typeof databaseTlsSettings>;

/** `url`: the connection string; verify-full checks its host. */
export const databaseTrust = (config: DatabaseTlsConfig, url: string): Trust => {
  const { databaseSslMode: mode, databaseCa: ca, databaseCert, databaseKey } = config;
  if (mode === 'disable') return false;
  const host = (URL.parse(url)?.hostname ?? '').replace(/^\[|\]$/g, '');
  return {
    ...clientTls(ca, databaseCert, databaseKey),
    rejectUnauthorized: mode !== 'require',
    // TLS sends no server name for an IP address, so `name` would not be the host of the URL.
    checkServerIdentity: (name, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(isIP(host) === 0 ? name : host, certificate) : undefined,
  };
};

/** `urls`: connection strings by the name of their environment variable. */
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
      ([variable]) =>
        `${variable} has TLS parameters; expected DATABASE_SSLMODE and the DATABASE_*_FILE settings instead.`,
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
          'with DATABASE_SSLMODE=require, which trusts any server; expected verify-ca or verify-full',
        )
      : []),
    ...identityProblems(certificateVariables('DATABASE'), databaseCert, databaseKey),
  ];
};
