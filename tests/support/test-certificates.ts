// Certificates for tests, made with Node alone, so tests need neither `openssl` nor a key in the repository. They are valid for
// an hour.
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** DER: tag, length, content. */
const der = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  // The shortest form: Java re-encodes the certificate before it checks the signature.
  const length = Buffer.from(
    content.length.toString(16).padStart(content.length < 0x100 ? 2 : 4, '0'),
    'hex',
  );
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
};
const sequence = (...items: readonly Uint8Array[]): Buffer => der(0x30, ...items);
const set = (...items: readonly Uint8Array[]): Buffer => der(0x31, ...items);
const octets = (content: Uint8Array): Buffer => der(0x04, content);
const truth = der(0x01, Buffer.from([0xff]));
const bits = (content: Uint8Array): Buffer => der(0x03, Buffer.from([0]), content);
const context = (tag: number, content: Uint8Array): Buffer => der(0xa0 | tag, content);
const integer = (content: Uint8Array): Buffer => der(0x02, content);
const object = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
/** UTCTime, which has two digits for the year. */
const time = (date: Date): Buffer =>
  der(
    0x17,
    Buffer.from(
      date
        .toISOString()
        .slice(2)
        .replace(/[-:T]|\.\d+/g, ''),
    ),
  );

const ids = {
  commonName: object('550403'),
  ecdsaWithSha256: object('2a8648ce3d040302'),
  basicConstraints: object('551d13'),
  keyUsage: object('551d0f'),
  subjectAltName: object('551d11'),
} as const;

const pem = (content: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${(
    Buffer.from(content)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END CERTIFICATE-----\n`;

const nameOf = (commonName: string): Buffer =>
  sequence(set(sequence(ids.commonName, der(0x0c, Buffer.from(commonName)))));

/** 127.0.0.1 as an address, anything else as a host name. */
const alternative = (host: string): Buffer =>
  /^[\d.]+$/.test(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host));

interface TestCertificate {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority {
  readonly cert: string;
  /** A certificate for servers of these names and addresses, or for a client when there are none. */
  issue(commonName: string, hosts?: readonly string[]): TestCertificate;
}

interface Request {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signedWith: KeyObject;
  readonly authority: boolean;
  readonly hosts: readonly string[];
}

const certificate = ({ subject, issuer, publicKey, signedWith, authority, hosts }: Request): string => {
  const now = Date.now();
  const extensions = sequence(
    sequence(ids.basicConstraints, truth, octets(sequence(...(authority ? [truth] : [])))),
    // Of an authority keyCertSign, of others digitalSignature.
    sequence(ids.keyUsage, truth, octets(der(0x03, Buffer.from(authority ? [2, 0x04] : [7, 0x80])))),
    ...(hosts.length === 0
      ? []
      : [sequence(ids.subjectAltName, octets(sequence(...hosts.map(alternative))))]),
  );
  const body = sequence(
    context(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
    sequence(ids.ecdsaWithSha256),
    nameOf(issuer),
    sequence(time(new Date(now - 60_000)), time(new Date(now + 3_600_000))),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    context(3, extensions),
  );
  return pem(sequence(body, sequence(ids.ecdsaWithSha256), bits(sign('sha256', body, signedWith))));
};

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

/** A new certificate authority. */
export function createTestAuthority(name: string): TestAuthority {
  const own = newKeys();
  const common = { issuer: name, signedWith: own.privateKey };
  return {
    cert: certificate({ ...common, subject: name, publicKey: own.publicKey, authority: true, hosts: [] }),
    issue: (subject, hosts = []) => {
      const { publicKey, privateKey } = newKeys();
      return {
        cert: certificate({ ...common, subject, publicKey, authority: false, hosts }),
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}
