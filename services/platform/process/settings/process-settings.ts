// The settings of every process: HTTP server, TLS, and the checks for production.
import { settings, type Config } from './config.ts';
import { guardSettings } from './guard-settings.ts';
import type { KafkaSecurityConfig } from '../security/kafka-security.ts';
import {
  certificateFile,
  identityOf,
  identityProblems,
  certificateVariables,
  privateKeyFile,
  ineffectiveSettings,
} from '../security/pem.ts';

export const processSettings = (port: number) => ({
  environment: settings.environment,
  host: settings.host,
  port: settings.port(port),
  logLevel: settings.logLevel,
  publicUrl: settings.publicUrl,
  ...guardSettings,
  tlsCert: certificateFile(
    'TLS_CERT_FILE',
    'The certificate chain of the HTTP server, its own certificate first. When set, the server accepts only https with TLS 1.2 or newer.',
    'the server accepts http',
  ),
  tlsKey: privateKeyFile('TLS_KEY_FILE', 'The key of TLS_CERT_FILE.'),
  tlsClientCa: certificateFile(
    'TLS_CLIENT_CA_FILE',
    'The authorities of client certificates; a client without a certificate from them is refused, health probes included.',
    'clients need no certificate',
  ),
  extraCa: certificateFile(
    'NODE_EXTRA_CA_CERTS',
    'More authorities to trust, read by Node: for an OIDC issuer, a gateway or a health target with a private authority.',
    'only the authorities of Node',
  ),
});
type ProcessConfig = Config<ReturnType<typeof processSettings>>;

export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** When set, clients must present a certificate of these authorities. */
  readonly clientCa?: string;
}

/** Undefined for plain HTTP. */
export const serverTls = ({ tlsCert, tlsKey, tlsClientCa }: ProcessConfig): ServerTls | undefined => {
  const identity = identityOf(tlsCert, tlsKey);
  return identity && { ...identity, ...(tlsClientCa === undefined ? {} : { clientCa: tlsClientCa }) };
};

export const processProblems = ({ tlsCert, tlsKey, tlsClientCa }: ProcessConfig): string[] => [
  ...identityProblems(certificateVariables('TLS'), tlsCert, tlsKey),
  ...(tlsCert === undefined && tlsKey === undefined
    ? ineffectiveSettings({ TLS_CLIENT_CA_FILE: tlsClientCa }, 'without TLS_CERT_FILE and TLS_KEY_FILE')
    : []),
];

/** The password of every role in the embedded stack. It is not secret. */
export const developmentPassword = 'orderflow';

/** One sentence per setting that is unsafe in production. `urls`: connection strings by the name of their environment variable. */
export const productionProblems = (
  config: Pick<ProcessConfig, 'environment'> & KafkaSecurityConfig,
  urls: Readonly<Record<string, string>>,
): string[] => {
  if (config.environment !== 'production') return [];
  const plaintextPassword =
    config.kafkaSecurityProtocol === 'SASL_PLAINTEXT' && config.kafkaSaslMechanism === 'PLAIN'
      ? [
          'NODE_ENV is "production", but KAFKA_SASL_MECHANISM=PLAIN with SASL_PLAINTEXT sends the password unencrypted; ' +
            'expected SASL_SSL, or a SCRAM mechanism.',
        ]
      : [];
  return [
    ...Object.entries(urls)
      .filter(([, url]) => decodeURIComponent(URL.parse(url)?.password ?? '') === developmentPassword)
      .map(
        ([variable]) =>
          `NODE_ENV is "production", but the password in ${variable} is the public password for development; expected another password.`,
      ),
    ...plaintextPassword,
  ];
};
