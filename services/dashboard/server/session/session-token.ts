// What a session says of its user comes from the access token. The server has the token from the issuer itself, so its
// signature is not checked again here; the services check it at every request.
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { roles } from '../../../platform/http/endpoint/permissions.ts';
import type { Session } from './session-cookie.ts';

const claimsSchema = z.object({
  sub: z.string(),
  email: z.string().nullable().default(null),
  roles: z.array(z.enum(roles)),
  iat: z.int(),
  exp: z.int(),
});

export const sessionFrom = (accessToken: string): Session => {
  const { sub, email, roles: held, iat, exp } = claimsSchema.parse(decodeJwt(accessToken));
  return { accessToken, user: { id: sub, email, roles: held }, began: iat, issued: iat, expires: exp };
};
