// The built-in identity issuer for development: demo users, JWKS and OIDC discovery. The private key exists only in this process
// and in a file. Without the file, every restart would invalidate all tokens.
import { SignJWT } from 'jose';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Role } from '../../platform/http/endpoint/permissions.ts';
import { algorithm, type SigningKeys } from './signing-keys.ts';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly roles: readonly Role[];
}

/** The password of the demo users is public, so settings.ts refuses the built-in issuer in production. */
export const demoUsers: readonly User[] = [
  { id: 'user-customer-001', email: 'user@orderflow.io', password: 'orderflow', roles: ['USER'] },
  { id: 'user-customer-002', email: 'user2@orderflow.io', password: 'orderflow', roles: ['USER'] },
  { id: 'user-seller-001', email: 'seller@orderflow.io', password: 'orderflow', roles: ['SELLER'] },
  { id: 'user-seller-002', email: 'seller2@orderflow.io', password: 'orderflow', roles: ['SELLER'] },
  { id: 'user-admin-001', email: 'admin@orderflow.io', password: 'orderflow', roles: ['ADMIN'] },
];

/** Lifetime of an access token in seconds. */
export const tokenLifetime = 3600;

export interface Issuer {
  readonly jwks: () => SigningKeys['jwks'];
  /** The OIDC discovery document. */
  readonly discovery: Readonly<Record<string, unknown>>;
  /** A signed access token; undefined for wrong credentials. */
  readonly login: (email: string, password: string) => Promise<string | undefined>;
  /** A new access token for a signed-in user; undefined when the user no longer exists. */
  readonly renew: (userId: string) => Promise<string | undefined>;
  /** Shown on the sign-in page: their password is public. */
  readonly demoUsers: readonly { readonly email: string; readonly role: Role; readonly password: string }[];
}

interface IssuerOptions {
  readonly issuer: string;
  readonly audience: string;
  /** The current keys, which are rotated while the issuer runs. */
  readonly keys: () => SigningKeys;
  readonly users: readonly User[];
}

export const createIssuer = ({ issuer, audience, keys, users }: IssuerOptions): Issuer => {
  // HMAC digests have equal length, so comparing them takes constant time.
  const pepper = randomBytes(32);
  const digest = (text: string): Buffer => createHmac('sha256', pepper).update(text).digest();
  const digests = users.map((user) => ({ user, email: digest(user.email), password: digest(user.password) }));

  const find = (email: string, password: string): User | undefined => {
    const givenEmail = digest(email.trim().toLowerCase());
    const givenPassword = digest(password);
    let found: User | undefined;
    // All users are compared, so the duration does not reveal whether the email is known.
    for (const known of digests) {
      const emailMatches = timingSafeEqual(known.email, givenEmail);
      const passwordMatches = timingSafeEqual(known.password, givenPassword);
      if (emailMatches && passwordMatches) found = known.user;
    }
    return found;
  };

  const tokenFor = (user: User): Promise<string> => {
    const { kid, privateKey } = keys();
    return new SignJWT({ email: user.email, roles: [...user.roles] })
      .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' })
      .setSubject(user.id)
      .setIssuer(issuer)
      .setAudience(audience)
      .setJti(uuidv7())
      .setIssuedAt()
      .setExpirationTime(`${tokenLifetime}s`)
      .sign(privateKey);
  };

  const base = issuer.replace(/\/$/, '');
  return {
    jwks: () => keys().jwks,
    discovery: {
      issuer,
      jwks_uri: `${base}/.well-known/jwks.json`,
      token_endpoint: `${base}/auth/token`,
      response_types_supported: ['token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [algorithm],
      claims_supported: ['sub', 'email', 'roles', 'iss', 'aud', 'iat', 'exp', 'jti'],
    },
    login: async (email, password) => {
      const user = find(email, password);
      return user === undefined ? undefined : tokenFor(user);
    },
    renew: async (userId) => {
      const user = users.find(({ id }) => id === userId);
      return user === undefined ? undefined : tokenFor(user);
    },
    demoUsers: users.flatMap(({ email, password, roles: [role] }) =>
      role === undefined ? [] : [{ email, role, password }],
    ),
  };
};
