// Sign-in at another OIDC provider: authorization code with PKCE. The invariant: an answer of the provider counts only in the
// browser that began the sign-in, once, and within minutes; what was begun is kept in an encrypted cookie of that browser.
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

export interface OidcClientOptions {
  /** Exactly as the provider names itself. */
  readonly issuer: string;
  /** Where the issuer is reached from here, when that is not the address by which it names itself. */
  readonly reachedAt?: string | undefined;
  readonly audience: string;
  readonly clientId: string;
  /** Absent for a public client. */
  readonly clientSecret?: string | undefined;
  /** Separated by spaces. */
  readonly scope: string;
  /** Where browsers reach the dashboard. */
  readonly publicUrl: string;
}

export const attemptSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  /** The address of the pages to go on to. */
  to: z.string(),
});
/** A sign-in that was begun. */
export type Attempt = z.infer<typeof attemptSchema>;

export interface OidcClient {
  /** Where the browser is sent to sign in, and what is to be kept until it comes back. */
  readonly begin: (to: string) => Promise<{ readonly address: URL; readonly attempt: Attempt }>;
  /** @param query Of the address at which the browser came back. Throws when the provider or a check refuses. */
  readonly finish: (query: string, attempt: Attempt) => Promise<Tokens>;
  /** Undefined when the provider ended the session. Throws the 503 problem when it does not answer. */
  readonly renew: (refreshToken: string) => Promise<Tokens | undefined>;
  /** Where the browser is sent to sign out of the provider as well; undefined when it offers that nowhere. */
  readonly signOutAddress: () => Promise<URL | undefined>;
}

export const callbackPath = '/session/callback';
/** Seconds for a call to the provider. */
const timeout = 5;
/** Milliseconds for which requests that still carry a used refresh token get the tokens that it was exchanged for. */
const reuseMs = 30_000;

const withoutSlash = (address: string): string => address.replace(/\/$/, '');

/** Calls below the issuer's own address go to where it is reached from here. */
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
      detail: 'The OIDC provider does not answer.',
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
        // An issuer with an http address is one on this machine or in a closed network.
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- not outdated: marked so that nobody uses it elsewhere
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
  // Requests that a page sends together carry the same refresh token, which a provider may accept only once.
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
        // Auth0 issues a JWT only for a named audience; others ignore it.
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
