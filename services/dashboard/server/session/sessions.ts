// The session: an encrypted cookie that holds the tokens, so they never reach the page. There is nothing to store, and a session
// survives a restart of the server for as long as the key file does. A session is renewed by whatever request comes after half of
// its access token's life; nobody stays signed in longer than `longest` without signing in again.
import type { Context } from 'hono';
import { createSealedCookie } from './sealed-cookie.ts';
import { sessionFrom, sessionSchema, type Session, type Tokens } from './session-token.ts';

export interface Sessions {
  /** The session of the request, renewed when it is time; undefined when there is none or when it has ended. */
  readonly current: (c: Context) => Promise<Session | undefined>;
  /** Replaces whatever session the request had. Throws for a token that names no role of ours. */
  readonly begin: (c: Context, tokens: Tokens) => Promise<Session>;
  readonly end: (c: Context) => void;
}

/** Fresh tokens for a session; undefined when its user may not go on. Throws when nobody can be asked. */
export type Renew = (session: Session) => Promise<Tokens | undefined>;

/** Seconds after which somebody has to sign in again, however active. */
const longest = 12 * 3_600;

/** Pure. `now` in seconds since 1970. */
const isToBeRenewed = ({ began, issued, expires }: Session, now: number): boolean =>
  now - began <= longest && now >= (issued + expires) / 2;

export const createSessions = (key: Uint8Array, secure: boolean, renew: Renew): Sessions => {
  const cookie = createSealedCookie('orderflow_session', sessionSchema, key, secure);
  const write = (c: Context, session: Session): Promise<void> =>
    cookie.write(c, session, session.refreshToken === undefined ? session.expires : session.began + longest);

  return {
    current: async (c) => {
      const session = await cookie.read(c);
      if (session === undefined) return undefined;
      const now = Date.now() / 1_000;
      const valid = now < session.expires ? session : undefined;
      if (!isToBeRenewed(session, now)) return valid;
      let tokens: Tokens | undefined;
      try {
        tokens = await renew(session);
      } catch (error) {
        if (valid !== undefined) return valid;
        throw error;
      }
      if (tokens === undefined) return valid;
      const renewed = { ...sessionFrom(tokens), began: session.began };
      await write(c, renewed);
      return renewed;
    },
    begin: async (c, tokens) => {
      const session = sessionFrom(tokens);
      await write(c, session);
      return session;
    },
    end: cookie.clear,
  };
};
