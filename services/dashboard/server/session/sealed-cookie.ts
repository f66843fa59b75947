// A value in encrypted cookies: the browser keeps it, but cannot read or change it. Browsers drop a cookie above 4,096 bytes
// without a word, so a longer value is spread over several.
import { EncryptJWT, jwtDecrypt } from 'jose';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { z } from 'zod';

export interface SealedCookie<T> {
  /** The value that the request carries; undefined when there is none, when it has ended or when it is not from here. */
  readonly read: (c: Context) => Promise<T | undefined>;
  /** @param expires Seconds since 1970. */
  readonly write: (c: Context, value: T, expires: number) => Promise<void>;
  readonly clear: (c: Context) => void;
}

/** Characters per cookie: with its name and attributes it stays below 4,096 bytes. */
const longestPart = 3_800;
/** Node refuses a request with more than 16 KiB of headers. */
const mostParts = 3;

/**
 * @param key 32 bytes.
 * @param secure Whether browsers reach the server over https: the cookie is then never sent in clear.
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
  const parts = Array.from({ length: mostParts }, (_, part) => part);
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
          // A value of one cookie is not taken for that of another.
          audience: name,
        });
        return schema.parse(payload['value']);
      } catch {
        // Ended, of an older key or made up: all the same to whoever sent it.
        return undefined;
      }
    },
    write: async (c, value, expires) => {
      const sealed = await new EncryptJWT({ value })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(name)
        .setExpirationTime(expires)
        .encrypt(key);
      const needed = Math.ceil(sealed.length / longestPart);
      if (needed > mostParts)
        throw new Error(
          `The tokens of the OIDC provider are too long for cookies: ${sealed.length} characters, at most ${longestPart * mostParts}. Let it put fewer claims into them.`,
        );
      for (const part of parts.slice(0, needed))
        setCookie(c, nameOf(part), sealed.slice(part * longestPart, (part + 1) * longestPart), {
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
