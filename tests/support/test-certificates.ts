// Creates X.509 certificates for tests with Node alone, so the tests need neither `openssl` nor a private key in the repository. The
// certificates are valid for one hour.
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** A DER value: tag, length, content. DER requires the shortest encoding of the length. */
const der = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  // Java encodes the certificate again before it checks the signature. With a longer encoding of a length, the check would fail.
  const length = Buffer.from(
    content.length.toString(16).padStart(content.length < 0x100 ? 2 : 4, '0'),
    'hex',
  );
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
};
const sequence = (...items: readonly Uint8Array[]): Buffer => der(0x30, ...items);
const set = (...items: readonly Uint8Array[]): Buffer => der(0x31, ...items);
const octetString = (content: Uint8Array): Buffer => der(0x04, content);
const booleanTrue = der(0x01, Buffer.from([0xff]));
const bitString = (content: Uint8Array): Buffer => der(0x03, Buffer.from([0]), content);
const contextSpecific = (tag: number, content: Uint8Array): Buffer => der(0xa0 | tag, content);
const integer = (content: Uint8Array): Buffer => der(0x02, content);
const objectIdentifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
/** UTCTime has a two-digit year. */
const utcTime = (date: Date): Buffer =>
  der(
    0x17,
    Buffer.from(
      date
        .toISOString()
        .slice(2)
        .replace(/[-:T]|\.\d+/g, ''),
    ),
  );

const objectIdentifiers = {
  commonName: objectIdentifier('550403'),
  ecdsaWithSha256: objectIdentifier('2a8648ce3d040302'),
  basicConstraints: objectIdentifier('551d13'),
  keyUsage: objectIdentifier('551d0f'),
  subjectAltName: objectIdentifier('551d11'),
} as const;

const pem = (content: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${(
    Buffer.from(content)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END CERTIFICATE-----\n`;

const distinguishedName = (commonName: string): Buffer =>
  sequence(set(sequence(objectIdentifiers.commonName, der(0x0c, Buffer.from(commonName)))));

/** A GeneralName (RFC 5280): iPAddress for an IPv4 address, dNSName for anything else. */
const generalName = (host: string): Buffer =>
  /^[\d.]+$/.test(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host));

interface TestCertificate {
  /** The certificate in PEM format. */
  readonly cert: string;
  /** The private key in PEM format. */
  readonly key: string;
}

export interface TestAuthority {
  /** The certificate of the authority in PEM format. */
  readonly cert: string;
  /** Issues a certificate for a server with the given host names and addresses, or for a client if `hosts` is empty. */
  issue(commonName: string, hosts?: readonly string[]): TestCertificate;
}

interface CertificateRequest {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject;
  readonly isAuthority: boolean;
  readonly hosts: readonly string[];
}

const certificate = ({
  subject,
  issuer,
  publicKey,
  signingKey,
  isAuthority,
  hosts,
}: CertificateRequest): string => {
  const now = Date.now();
  const extensions = sequence(
    sequence(
      objectIdentifiers.basicConstraints,
      booleanTrue,
      octetString(sequence(...(isAuthority ? [booleanTrue] : []))),
    ),
    // keyUsage: keyCertSign for an authority, digitalSignature for a server or a client.
    sequence(
      objectIdentifiers.keyUsage,
      booleanTrue,
      octetString(der(0x03, Buffer.from(isAuthority ? [2, 0x04] : [7, 0x80]))),
    ),
    ...(hosts.length === 0
      ? []
      : [sequence(objectIdentifiers.subjectAltName, octetString(sequence(...hosts.map(generalName))))]),
  );
  const tbsCertificate = sequence(
    contextSpecific(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
    sequence(objectIdentifiers.ecdsaWithSha256),
    distinguishedName(issuer),
    sequence(utcTime(new Date(now - 60_000)), utcTime(new Date(now + 3_600_000))),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    contextSpecific(3, extensions),
  );
  return pem(
    sequence(
      tbsCertificate,
      sequence(objectIdentifiers.ecdsaWithSha256),
      bitString(sign('sha256', tbsCertificate, signingKey)),
    ),
  );
};

const newKeyPair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

/** Creates a certificate authority with a new key pair. */
export function createTestAuthority(name: string): TestAuthority {
  const authorityKeys = newKeyPair();
  const common = { issuer: name, signingKey: authorityKeys.privateKey };
  return {
    cert: certificate({
      ...common,
      subject: name,
      publicKey: authorityKeys.publicKey,
      isAuthority: true,
      hosts: [],
    }),
    issue: (subject, hosts = []) => {
      const { publicKey, privateKey } = newKeyPair();
      return {
        cert: certificate({ ...common, subject, publicKey, isAuthority: false, hosts }),
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}
