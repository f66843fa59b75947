// Verifies bearer tokens with the keys that the issuer publishes (OIDC discovery, JWKS).
// The invariant: a token that cannot be verified is never accepted; when the issuer does not answer, callers get 503.
// `iss` and `aud` are checked, so that tokens of other issuers or for other systems are refused.
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { roles, type Role } from './permissions.ts';
import { isHttpProblem, problem, type HttpProblem } from './problem.ts';
import type { AppContext, Principal } from '../server/request-context.ts';

interface AuthenticatorOptions {
  /** Exactly the `iss` of the tokens. */
  readonly issuer: string;
  /** Base URL for discovery, when this process reaches the issuer at another URL than `issuer`. */
  readonly reachedAt?: string | undefined;
  readonly audience: string;
  /** Milliseconds for each call to the issuer; 3,000 when absent. */
  readonly timeoutMs?: number;
}

interface Authenticator {
  /** Throws the 401 problem for an invalid token, or the 503 problem when the keys of the issuer cannot be fetched. */
  readonly verify: (token: string) => Promise<Principal>;
  /** The caller of a request. Throws the 401 problem when there is no bearer token, and the problems of `verify`. */
  readonly authenticate: (c: AppContext) => Promise<Principal>;
}

/** Asymmetric only: with an HMAC algorithm, anybody could sign tokens with the public key as the secret. */
const algorithms = ['EdDSA', 'ES256', 'RS256'];
const clockSkewSeconds = 30;
/** A token with an unknown key id causes a new fetch of the keys, but only once in this time. Milliseconds. */
const unknownKeyCooldownMs = 10_000;

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.url() });
const roleSchema = z.enum(roles);

const refuse = (reason?: string): HttpProblem =>
  problem('unauthenticated', {
    detail: reason ?? 'A bearer token is required.',
    headers: {
      'WWW-Authenticate':
        reason === undefined ? 'Bearer' : `Bearer error="invalid_token", error_description="${reason}"`,
    },
  });

const issuerUnavailable = (cause: unknown): HttpProblem =>
  problem('unavailable', {
    detail:
      'The keys of the identity issuer cannot be read, so the token cannot be verified. Repeat the request later.',
    headers: { 'Retry-After': '2' },
    cause,
  });

const toPrincipal = (payload: JWTPayload): Principal => {
  const subject = payload.sub;
  if (subject === undefined || subject === '') throw refuse('The token has no subject.');
  const claimed = z.array(z.unknown()).safeParse(payload['roles']);
  const roles = (claimed.data ?? []).flatMap((role): Role[] => {
    const known = roleSchema.safeParse(role);
    return known.success ? [known.data] : [];
  });
  return { subject, email: typeof payload['email'] === 'string' ? payload['email'] : undefined, roles };
};

/** The sentences are constant, so that no content of the token gets into a header. */
const reasonFor = (error: unknown): string => {
  if (error instanceof errors.JWTExpired) return 'The token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    switch (error.claim) {
      case 'iss':
        return 'The token is from another issuer.';
      case 'aud':
        return 'The token is for another audience.';
      case 'nbf':
        return 'The token is not valid yet.';
      default:
        return 'A claim of the token is missing or wrong.';
    }
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'The algorithm of the token is not allowed.';
  if (error instanceof errors.JWKSNoMatchingKey) return 'The token is signed by an unknown key.';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The signature of the token is wrong.';
  return 'The token is malformed, or several keys match it.';
};

const base = (address: string): string => address.replace(/\/$/, '');

/** The URL of the keys. If it begins with `issuer`, that part is replaced by `reachedAt`. */
const keysOf = (announced: string, issuer: string, reachedAt: string): URL => {
  const below = `${base(issuer)}/`;
  const path = announced.startsWith(below) ? announced.slice(below.length) : undefined;
  return new URL(path === undefined ? announced : `${base(reachedAt)}/${path}`);
};

/** Verifies tokens of one issuer. Discovery happens with the first token; jose caches and refreshes the keys. */
export const createAuthenticator = ({
  issuer,
  reachedAt = issuer,
  audience,
  timeoutMs = 3_000,
}: AuthenticatorOptions): Authenticator => {
  let keys: Promise<JWTVerifyGetKey> | undefined;

  const discover = async (): Promise<JWTVerifyGetKey> => {
    const response = await fetch(`${base(reachedAt)}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
      headers: { accept: 'application/json' },
    });
    if (!response.ok)
      throw new Error(
        `${response.url} answered ${response.status}; check the issuer, OIDC_ISSUER and OIDC_DISCOVERY_URL`,
      );
    const document = discoverySchema.parse(await response.json());
    if (document.issuer !== issuer)
      throw new Error(
        `OIDC discovery names the issuer ${document.issuer} instead of ${issuer}; correct OIDC_ISSUER or OIDC_DISCOVERY_URL`,
      );
    return createRemoteJWKSet(keysOf(document.jwks_uri, issuer, reachedAt), {
      timeoutDuration: timeoutMs,
      cooldownDuration: unknownKeyCooldownMs,
    });
  };

  const discoverOnce = async (): Promise<JWTVerifyGetKey> => {
    keys ??= discover();
    try {
      return await keys;
    } catch (error) {
      keys = undefined;
      throw issuerUnavailable(error);
    }
  };

  const keyFor: JWTVerifyGetKey = async (header, token) => {
    const keySet = await discoverOnce();
    try {
      return await keySet(header, token);
    } catch (error) {
      const isInvalidToken =
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported;
      throw isInvalidToken ? error : issuerUnavailable(error);
    }
  };

  const verify = async (token: string): Promise<Principal> => {
    try {
      const { payload } = await jwtVerify(token, keyFor, {
        issuer,
        audience,
        algorithms,
        clockTolerance: clockSkewSeconds,
        requiredClaims: ['exp', 'sub'],
      });
      return toPrincipal(payload);
    } catch (error) {
      // A problem, such as the 503 of an unavailable issuer, is passed on. Any other error means that the token is invalid: 401.
      throw isHttpProblem(error) ? error : refuse(reasonFor(error));
    }
  };

  const authenticate = async (c: AppContext): Promise<Principal> => {
    const token = /^Bearer +([^\s]+) *$/i.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined) throw refuse();
    return verify(token);
  };

  return { verify, authenticate };
};
