// A value in encrypted cookies, which the browser can neither read nor change. Browsers silently drop cookies of more than
// 4,096 bytes, so a longer value is split over several cookies.
import { EncryptJWT, jwtDecrypt } from 'jose';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { z } from 'zod';

interface SealedCookie<T> {
  /** The value in the request; undefined when it is missing, expired or not from this server. */
  readonly read: (c: Context) => Promise<T | undefined>;
  /** @param expires Seconds since 1970. */
  readonly write: (c: Context, value: T, expires: number) => Promise<void>;
  readonly clear: (c: Context) => void;
}

/** Maximum number of characters per cookie: name, value and attributes together need less than 4,096 bytes. */
const maxPartLength = 3_800;
/** Limited because Node refuses requests with more than 16 KiB of headers. */
const maxParts = 3;

/**
 * @param key 32 bytes.
 * @param secure Whether browsers use https. The cookie is then never sent over http.
 */
export const createSealedCookie = <T>(
  name: string,
  schema: z.ZodType<T>,
  key: Uint8Array,
  secure: boolean,
): SealedCookie<T> => {
  const prefix = secure ? ({ prefix: 'host' } as const) : {};
  const attributes = { path: '/', httpOnly: true, sameSite: 'Lax', secure, ...prefix } as const;
  const nameOf = (part: number): string => (part === 0 ? name : `${name}.${part}`);
  const partOf = (c: Context, part: number): string =>
    (secure ? getCookie(c, nameOf(part), 'host') : getCookie(c, nameOf(part))) ?? '';
  const parts = Array.from({ length: maxParts }, (_, part) => part);
  const clearFrom = (c: Context, first: number): void => {
    for (const part of parts.slice(first))
      if (part === 0 || partOf(c, part) !== '') deleteCookie(c, nameOf(part), attributes);
  };
  return {
    read: async (c) => {
      const sealed = parts.map((part) => partOf(c, part)).join('');
      if (sealed === '') return undefined;
      try {
        const { payload } = await jwtDecrypt(sealed, key, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
          // The audience is the name of the cookie, so a value is not accepted in another cookie.
          audience: name,
        });
        return schema.parse(payload['value']);
      } catch {
        // Expired, encrypted with an older key, or forged: treated as missing.
        return undefined;
      }
    },
    write: async (c, value, expires) => {
      const sealed = await new EncryptJWT({ value })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(name)
        .setExpirationTime(expires)
        .encrypt(key);
      const needed = Math.ceil(sealed.length / maxPartLength);
      if (needed > maxParts)
        throw new Error(
          `The tokens of the OIDC provider are too long for cookies: ${sealed.length} characters, at most ${maxPartLength * maxParts}. Configure fewer claims.`,
        );
      for (const part of parts.slice(0, needed))
        setCookie(c, nameOf(part), sealed.slice(part * maxPartLength, (part + 1) * maxPartLength), {
          ...attributes,
          expires: new Date(expires * 1_000),
        });
      clearFrom(c, needed);
    },
    clear: (c) => {
      clearFrom(c, 0);
    },
  };
};
