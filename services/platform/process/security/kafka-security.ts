// TLS and SASL to Kafka. The settings are named after the properties of Kafka clients and have the same values.
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

const saslMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

export const kafkaSecuritySettings = {
  kafkaSecurityProtocol: setting(
    'KAFKA_SECURITY_PROTOCOL',
    'one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL',
    z.enum(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']).default('PLAINTEXT'),
    {
      description:
        'The `security.protocol` of a Kafka client: plain TCP or TLS (SSL), without or with a password (SASL).',
    },
  ),
  kafkaCa: certificateFile(
    'KAFKA_CA_FILE',
    'The authorities that may have issued the certificates of the brokers.',
    publicAuthorities,
  ),
  kafkaCert: certificateFile('KAFKA_CERT_FILE', 'The client certificate for Kafka.'),
  kafkaKey: privateKeyFile('KAFKA_KEY_FILE', 'The key of KAFKA_CERT_FILE.'),
  kafkaSaslMechanism: setting(
    'KAFKA_SASL_MECHANISM',
    `one of ${saslMechanisms.join(', ')}`,
    z.enum(saslMechanisms).optional(),
    { description: 'The `sasl.mechanism` of a Kafka client; needed with SASL_PLAINTEXT and SASL_SSL.' },
  ),
  kafkaUsername: setting('KAFKA_SASL_USERNAME', 'the name of a Kafka user', z.string().optional(), {
    description: 'The Kafka user; needed with SASL_PLAINTEXT and SASL_SSL.',
  }),
  kafkaPassword: setting('KAFKA_SASL_PASSWORD', 'the password of the Kafka user', z.string().optional(), {
    description: 'The password of KAFKA_SASL_USERNAME.',
    secret: true,
  }),
};
export type KafkaSecurityConfig = Config<typeof kafkaSecuritySettings>;

export interface KafkaSecurity {
  readonly tls: Trust;
  readonly sasl?: {
    readonly mechanism: (typeof saslMechanisms)[number];
    readonly username: string;
    readonly password: string;
  };
}

export const kafkaSecurity = (config: KafkaSecurityConfig): KafkaSecurity => {
  const { kafkaSecurityProtocol: protocol, kafkaCa: ca, kafkaCert, kafkaKey } = config;
  const { kafkaSaslMechanism: mechanism, kafkaUsername: username, kafkaPassword: password } = config;
  const hasCredentials = mechanism !== undefined && username !== undefined && password !== undefined;
  return {
    tls: protocol.endsWith('SSL') && clientTls(ca, kafkaCert, kafkaKey),
    ...(protocol.startsWith('SASL') && hasCredentials ? { sasl: { mechanism, username, password } } : {}),
  };
};

export const kafkaSecurityProblems = (config: KafkaSecurityConfig): string[] => {
  const { kafkaSecurityProtocol: protocol, kafkaCa, kafkaCert, kafkaKey } = config;
  const sasl = {
    KAFKA_SASL_MECHANISM: config.kafkaSaslMechanism,
    KAFKA_SASL_USERNAME: config.kafkaUsername,
    KAFKA_SASL_PASSWORD: config.kafkaPassword,
  };
  const files = { KAFKA_CA_FILE: kafkaCa, KAFKA_CERT_FILE: kafkaCert, KAFKA_KEY_FILE: kafkaKey };
  const condition = `with KAFKA_SECURITY_PROTOCOL=${protocol}`;
  return [
    ...(protocol.endsWith('SSL')
      ? identityProblems(certificateVariables('KAFKA'), kafkaCert, kafkaKey)
      : ineffectiveSettings(files, condition)),
    ...(protocol.startsWith('SASL')
      ? Object.entries(sasl)
          .filter(([, value]) => value === undefined)
          .map(([variable]) => `${variable} is not set; it is needed ${condition}.`)
      : ineffectiveSettings(sasl, condition)),
  ];
};
