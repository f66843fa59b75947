// Sign-in at another OIDC provider: authorization code flow with PKCE. A response of the provider is accepted only once, within
// minutes, and in the browser that started the sign-in: the attempt is in an encrypted cookie of that browser.
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  refreshTokenGrant,
  ResponseBodyError,
  type Configuration,
  type CustomFetch,
} from 'openid-client';
import { z } from 'zod';
import { problem } from '../../../platform/http/endpoint/problem.ts';
import type { Tokens } from './session-token.ts';

interface OidcClientOptions {
  /** Exactly the `iss` of the provider. */
  readonly issuer: string;
  /** The URL at which this process reaches the issuer, if it differs from `issuer`. */
  readonly reachedAt?: string | undefined;
  readonly audience: string;
  readonly clientId: string;
  /** Absent for a public client. */
  readonly clientSecret?: string | undefined;
  /** Scopes, separated by spaces. */
  readonly scope: string;
  /** The URL of the dashboard for browsers. */
  readonly publicUrl: string;
}

export const attemptSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  /** The page to open after the sign-in. */
  to: z.string(),
});
/** A sign-in that has started. */
export type Attempt = z.infer<typeof attemptSchema>;

export interface OidcClient {
  /** The URI to redirect the browser to, and the attempt, which must be kept until the browser returns. */
  readonly begin: (to: string) => Promise<{ readonly address: URL; readonly attempt: Attempt }>;
  /**
   * Throws when the provider has refused the sign-in, a check fails or the provider does not respond.
   * @param query The query of the redirect URI.
   */
  readonly finish: (query: string, attempt: Attempt) => Promise<Tokens>;
  /**
   * Undefined when the provider refuses, for example because it has ended the session. Throws the 503 problem when the provider
   * does not respond or fails.
   */
  readonly renew: (refreshToken: string) => Promise<Tokens | undefined>;
  /** The end-session URI of the provider; undefined when the provider has none. */
  readonly signOutAddress: () => Promise<URL | undefined>;
}

const callbackPath = '/session/callback';
/** Timeout of a call to the provider in seconds. */
const timeout = 5;
/** Milliseconds for which the result of a refresh token is kept for other requests with the same refresh token. */
const reuseMs = 30_000;

const withoutSlash = (address: string): string => address.replace(/\/$/, '');

/** Sends calls to URLs below the issuer to `reachedAt` instead. */
const fetchAt =
  (issuer: string, reachedAt: string): CustomFetch =>
  (address, options) =>
    fetch(
      address.startsWith(`${withoutSlash(issuer)}/`)
        ? withoutSlash(reachedAt) + address.slice(withoutSlash(issuer).length)
        : address,
      // Safe: the library's options are those of fetch.
      options as RequestInit,
    );

export const createOidcClient = ({
  issuer,
  reachedAt = issuer,
  audience,
  clientId,
  clientSecret,
  scope,
  publicUrl,
}: OidcClientOptions): OidcClient => {
  const returnAddress = withoutSlash(publicUrl) + callbackPath;
  const unavailable = (cause: unknown) =>
    problem('unavailable', {
      detail: 'The OIDC provider is not responding.',
      headers: { 'Retry-After': '2' },
      cause,
    });

  let discovered: Promise<Configuration> | undefined;
  const configuration = async (): Promise<Configuration> => {
    discovered ??= discovery(
      new URL(issuer),
      clientId,
      clientSecret,
      clientSecret === undefined ? None() : undefined,
      {
        timeout,
        [customFetch]: fetchAt(issuer, reachedAt),
        // An issuer with an http URL is assumed to be on this machine or in a closed network.
        execute: issuer.startsWith('http:') ? [allowInsecureRequests] : [],
      },
    );
    try {
      return await discovered;
    } catch (error) {
      discovered = undefined;
      throw unavailable(error);
    }
  };

  const exchange = async (refreshToken: string): Promise<Tokens | undefined> => {
    const config = await configuration();
    try {
      const answer = await refreshTokenGrant(config, refreshToken);
      return { accessToken: answer.access_token, refreshToken: answer.refresh_token ?? refreshToken };
    } catch (error) {
      if (error instanceof ResponseBodyError && error.status < 500) return undefined;
      throw unavailable(error);
    }
  };
  // Concurrent requests of a page have the same refresh token, which a provider may accept only once.
  const exchanged = new Map<string, Promise<Tokens | undefined>>();

  return {
    begin: async (to) => {
      const config = await configuration();
      const attempt = {
        state: randomState(),
        nonce: randomNonce(),
        codeVerifier: randomPKCECodeVerifier(),
        to,
      };
      const address = buildAuthorizationUrl(config, {
        redirect_uri: returnAddress,
        scope,
        // Auth0 issues a JWT only for an explicit audience. Other providers ignore this parameter.
        audience,
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await calculatePKCECodeChallenge(attempt.codeVerifier),
        code_challenge_method: 'S256',
      });
      return { address, attempt };
    },
    finish: async (query, { state, nonce, codeVerifier }) => {
      const config = await configuration();
      const answer = await authorizationCodeGrant(config, new URL(returnAddress + query), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      });
      return { accessToken: answer.access_token, refreshToken: answer.refresh_token };
    },
    renew: (refreshToken) => {
      const known = exchanged.get(refreshToken);
      if (known !== undefined) return known;
      const exchanging = exchange(refreshToken);
      exchanged.set(refreshToken, exchanging);
      const forget = (): void => {
        exchanged.delete(refreshToken);
      };
      exchanging.then(() => setTimeout(forget, reuseMs).unref(), forget);
      return exchanging;
    },
    signOutAddress: async () => {
      const config = await configuration();
      return config.serverMetadata().end_session_endpoint === undefined
        ? undefined
        : buildEndSessionUrl(config, { post_logout_redirect_uri: `${withoutSlash(publicUrl)}/sign-in` });
    },
  };
};
