// CSRF protection: refuses requests that change something and come from a page of another origin. Browsers send Origin or
// Sec-Fetch-Site with such requests, so no CSRF token is needed. Other clients send neither and pass. The CSRF middleware of Hono is
// not enough: it checks only requests with the content type of a form, and accepts a request when one of the two headers is good.
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../../../platform/http/server/request-context.ts';
import { problem } from '../login.ts';

const safeMethods = ['GET', 'HEAD', 'OPTIONS'];

const hostOf = (origin: string): string | undefined => URL.parse(origin)?.host;

/** Whether a request with these headers comes from a page of `host`, or not from a browser. Pure. */
const isSameOrigin = (
  host: string | undefined,
  origin: string | undefined,
  fetchSite: string | undefined,
): boolean => {
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return false;
  return origin === undefined || (host !== undefined && hostOf(origin) === host);
};

/** @param publicUrl The URL that browsers use. When undefined, the Host header is used. */
export const refuseOtherOrigins = (publicUrl: string | undefined): MiddlewareHandler<AppEnv> => {
  const publicHost = publicUrl === undefined ? undefined : hostOf(publicUrl);
  return async (c, next) => {
    if (!safeMethods.includes(c.req.method)) {
      const host = publicHost ?? c.req.header('host');
      if (!isSameOrigin(host, c.req.header('origin'), c.req.header('sec-fetch-site')))
        throw problem('other_origin');
    }
    await next();
  };
};
