// Reads the user of a session from the access token. The token comes directly from the issuer, so its signature is not verified
// here; the services verify it with every request.
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { roles, type Role } from '../../../platform/http/endpoint/permissions.ts';

export const sessionSchema = z.object({
  accessToken: z.string(),
  /** Present only if an external OIDC provider has issued one. The built-in issuer issues none. */
  refreshToken: z.string().optional(),
  user: z.object({ id: z.string(), email: z.string().nullable(), roles: z.array(z.enum(roles)) }),
  /** When the user signed in, and when the access token was issued and expires; seconds since 1970. */
  began: z.int(),
  issued: z.int(),
  expires: z.int(),
});
export type Session = z.infer<typeof sessionSchema>;

export interface Tokens {
  /** A JWT with `sub`, `iat`, `exp`, `roles` and perhaps `email`. */
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
}

const known = new Set<string>(roles);
const isRole = (role: string): role is Role => known.has(role);

const claimsSchema = z.object({
  sub: z.string(),
  email: z.string().nullable().default(null),
  // A provider may also have roles for other applications.
  roles: z
    .array(z.string())
    .transform((held) => held.filter(isRole))
    .refine((held) => held.length > 0),
  iat: z.int(),
  exp: z.int(),
});

/** Throws when the token is not a JWT, lacks `sub`, `iat` or `exp`, or has no known role. */
export const sessionFrom = ({ accessToken, refreshToken }: Tokens): Session => {
  const { sub, email, roles: held, iat, exp } = claimsSchema.parse(decodeJwt(accessToken));
  return {
    accessToken,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    user: { id: sub, email, roles: held },
    began: iat,
    issued: iat,
    expires: exp,
  };
};
