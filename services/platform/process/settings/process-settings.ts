// What every process has: an HTTP server, with TLS where it is given a certificate, and an environment that it is fit for.
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
    'The certificate of the HTTP server, followed by those that lead up to its authority; with it the server speaks https only, TLS 1.2 or newer.',
    'the server speaks http',
  ),
  tlsKey: privateKeyFile('TLS_KEY_FILE', 'The key of TLS_CERT_FILE.'),
  tlsClientCa: certificateFile(
    'TLS_CLIENT_CA_FILE',
    'The authorities of client certificates; without one from them nobody is let in, health probes included.',
    'clients need no certificate',
  ),
  extraCa: certificateFile(
    'NODE_EXTRA_CA_CERTS',
    'More authorities to trust, read by Node itself: for an OIDC issuer, a gateway or a health target with a private one.',
    'those of Node alone',
  ),
});
type ProcessConfig = Config<ReturnType<typeof processSettings>>;

export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Authorities of the client certificates that are then demanded. */
  readonly clientCa?: string;
}

/** How the HTTP server proves itself; undefined for plain HTTP. */
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

/** The password of every role of the embedded stack: known to whoever can read this. */
export const developmentPassword = 'orderflow';

/** What is fit for a laptop alone. `urls` are those of databases, by the variable that names them. */
export const productionProblems = (
  config: Pick<ProcessConfig, 'environment'> & KafkaSecurityConfig,
  urls: Readonly<Record<string, string>>,
): string[] => {
  if (config.environment !== 'production') return [];
  const inClear =
    config.kafkaSecurityProtocol === 'SASL_PLAINTEXT' && config.kafkaSaslMechanism === 'PLAIN'
      ? [
          'NODE_ENV is "production", but KAFKA_SASL_MECHANISM=PLAIN with SASL_PLAINTEXT sends the password in clear; ' +
            'expected SASL_SSL, or a SCRAM mechanism.',
        ]
      : [];
  return [
    ...Object.entries(urls)
      .filter(([, url]) => decodeURIComponent(URL.parse(url)?.password ?? '') === developmentPassword)
      .map(
        ([variable]) =>
          `NODE_ENV is "production", but the password in ${variable} is the one for development, which is public.`,
      ),
    ...inClear,
  ];
};
