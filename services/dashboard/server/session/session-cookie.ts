// The session: an encrypted cookie that holds the access token, so the token never reaches the page. There is nothing to store,
// and a session survives a restart of the server for as long as the key file does.
import { EncryptJWT, jwtDecrypt } from 'jose';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import { roles } from '../../../platform/http/endpoint/permissions.ts';

const sessionSchema = z.object({
  accessToken: z.string(),
  user: z.object({ id: z.string(), email: z.string().nullable(), roles: z.array(z.enum(roles)) }),
  /** When somebody signed in, and when the access token was issued and ends: seconds since 1970. */
  began: z.int(),
  issued: z.int(),
  expires: z.int(),
});
export type Session = z.infer<typeof sessionSchema>;

export interface SessionCookie {
  /** The session of the request; undefined when there is none, when it has ended or when its cookie is not from here. */
  readonly read: (c: Context) => Promise<Session | undefined>;
  readonly write: (c: Context, session: Session) => Promise<void>;
  readonly clear: (c: Context) => void;
}

/**
 * @param key 32 bytes.
 * @param secure Whether browsers reach the server over https: the cookie is then never sent in clear.
 */
export const createSessionCookie = (key: Uint8Array, secure: boolean): SessionCookie => {
  const name = 'orderflow_session';
  const prefix = secure ? ({ prefix: 'host' } as const) : {};
  const attributes = { path: '/', httpOnly: true, sameSite: 'Lax', secure, ...prefix } as const;
  return {
    read: async (c) => {
      const sealed = secure ? getCookie(c, name, 'host') : getCookie(c, name);
      if (sealed === undefined) return undefined;
      try {
        const { payload } = await jwtDecrypt(sealed, key, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        });
        return sessionSchema.parse(payload['session']);
      } catch {
        // Ended, of an older key or made up: all the same to whoever sent it.
        return undefined;
      }
    },
    write: async (c, session) => {
      const sealed = await new EncryptJWT({ session })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setExpirationTime(session.expires)
        .encrypt(key);
      setCookie(c, name, sealed, { ...attributes, expires: new Date(session.expires * 1_000) });
    },
    clear: (c) => {
      deleteCookie(c, name, attributes);
    },
  };
};
