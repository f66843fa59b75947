// TLS and basic authentication to the schema registry. TLS is used when its URL begins with https.
import { z } from 'zod';
import { setting, type Config } from '../settings/config.ts';
import {
  bothOrNeither,
  certificateFile,
  identityProblems,
  certificateVariables,
  clientTls,
  privateKeyFile,
  publicAuthorities,
  ineffectiveSettings,
  type Trust,
} from './pem.ts';

export const registrySecuritySettings = {
  registryCa: certificateFile(
    'SCHEMA_REGISTRY_CA_FILE',
    'The authorities that may have issued the certificate of the schema registry.',
    publicAuthorities,
  ),
  registryCert: certificateFile(
    'SCHEMA_REGISTRY_CERT_FILE',
    'The client certificate for the schema registry.',
  ),
  registryKey: privateKeyFile('SCHEMA_REGISTRY_KEY_FILE', 'The key of SCHEMA_REGISTRY_CERT_FILE.'),
  registryUsername: setting(
    'SCHEMA_REGISTRY_USERNAME',
    'a user of the schema registry',
    z.string().optional(),
    {
      description: 'The user of the schema registry (basic authentication).',
      whenUnset: 'no authentication',
    },
  ),
  registryPassword: setting('SCHEMA_REGISTRY_PASSWORD', 'the password of the user', z.string().optional(), {
    description: 'The password of SCHEMA_REGISTRY_USERNAME.',
    secret: true,
  }),
};
type RegistryConfig = Config<typeof registrySecuritySettings> & { readonly schemaRegistryUrl: string };

export interface RegistrySecurity {
  readonly tls: Trust;
  readonly user?: { readonly username: string; readonly password: string };
}

export const registrySecurity = (config: RegistryConfig): RegistrySecurity => {
  const { registryCa: ca, registryCert, registryKey, registryUsername, registryPassword } = config;
  return {
    tls: config.schemaRegistryUrl.startsWith('https:') && clientTls(ca, registryCert, registryKey),
    ...(registryUsername === undefined || registryPassword === undefined
      ? {}
      : { user: { username: registryUsername, password: registryPassword } }),
  };
};

export const registrySecurityProblems = (config: RegistryConfig): string[] => {
  const { registryCa, registryCert, registryKey, registryUsername, registryPassword } = config;
  const files = {
    SCHEMA_REGISTRY_CA_FILE: registryCa,
    SCHEMA_REGISTRY_CERT_FILE: registryCert,
    SCHEMA_REGISTRY_KEY_FILE: registryKey,
  };
  return [
    ...(config.schemaRegistryUrl.startsWith('https:')
      ? identityProblems(certificateVariables('SCHEMA_REGISTRY'), registryCert, registryKey)
      : ineffectiveSettings(files, 'with an http address in SCHEMA_REGISTRY_URL')),
    ...(/^[^/]*\/\/[^/]*@/.test(config.schemaRegistryUrl)
      ? [
          'SCHEMA_REGISTRY_URL contains a user or a password; expected SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD.',
        ]
      : []),
    ...bothOrNeither({
      SCHEMA_REGISTRY_USERNAME: registryUsername,
      SCHEMA_REGISTRY_PASSWORD: registryPassword,
    }),
  ];
};
