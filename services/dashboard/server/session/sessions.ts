// A session is an encrypted cookie with the tokens, so scripts of the page cannot read the tokens. The server stores no sessions;
// they survive a restart as long as the key file exists. The first request after half of the access token's lifetime renews the
// session. After `maxAge` nothing renews the session: the user has to sign in again when it expires.
import type { Context } from 'hono';
import { z } from 'zod';
import { createSealedCookie } from './sealed-cookie.ts';
import { sessionFrom, sessionSchema, type Session, type Tokens } from './session-token.ts';

export interface Sessions {
  /**
   * The session of the request, renewed if necessary; undefined when it is missing or expired. Throws when it has expired and the
   * issuer is not responding.
   */
  readonly current: (c: Context) => Promise<Session | undefined>;
  /** Replaces any session of the request. Throws when `sessionFrom` throws, or when the tokens are too long for cookies. */
  readonly begin: (c: Context, tokens: Tokens) => Promise<Session>;
  readonly end: (c: Context) => void;
}

/**
 * New tokens for a session; undefined when the issuer refuses, so that the session ends with its access token. Throws when the
 * issuer is not responding.
 */
type Renew = (session: Session) => Promise<Tokens | undefined>;

/**
 * A session is renewed only within this many seconds after the sign-in. With a refresh token it ends at this time; without one, it
 * lasts until its last access token expires, which can be later.
 */
const maxAge = 12 * 3_600;

/** `now` in seconds since 1970. Pure. */
const isRenewalDue = ({ began, issued, expires }: Session, now: number): boolean =>
  now - began <= maxAge && now >= (issued + expires) / 2;

export const createSessions = (key: Uint8Array, secure: boolean, renew: Renew): Sessions => {
  const cookie = createSealedCookie('orderflow_session', sessionSchema, key, secure);
  const write = (c: Context, session: Session): Promise<void> =>
    cookie.write(c, session, session.refreshToken === undefined ? session.expires : session.began + maxAge);

  return {
    current: async (c) => {
      const session = await cookie.read(c);
      if (session === undefined) return undefined;
      const now = Date.now() / 1_000;
      const valid = now < session.expires ? session : undefined;
      if (!isRenewalDue(session, now)) return valid;
      try {
        const tokens = await renew(session);
        if (tokens === undefined) return valid;
        const renewed = { ...sessionFrom(tokens), began: session.began };
        await write(c, renewed);
        return renewed;
      } catch (error) {
        // A renewed token without a known role counts as a refusal.
        if (valid !== undefined || error instanceof z.ZodError) return valid;
        throw error;
      }
    },
    begin: async (c, tokens) => {
      const session = sessionFrom(tokens);
      await write(c, session);
      return session;
    },
    end: cookie.clear,
  };
};
