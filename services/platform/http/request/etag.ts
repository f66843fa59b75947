// Versions at the edge: an ETag is the version of what was read. With it a client changes only what it has seen (If-Match) and
// reads again only what has changed (If-None-Match).
import type { AppContext } from '../server/request-context.ts';

export const etagOf = ({ version }: { readonly version: number }): string => `"v${version}"`;

/** The response of a read whose ETag the client has named in If-None-Match. */
export const notModified = {
  304: { description: 'Unchanged: If-None-Match names the ETag that it has now' },
} as const;

/** Whether If-None-Match names the ETag; weak or strong makes no difference for a read (RFC 9110, 13.1.2). */
export const isUnchanged = (c: AppContext, etag: string): boolean => {
  const known = c.req.header('if-none-match') ?? '';
  return known
    .split(',')
    .map((entry) => entry.trim().replace(/^W\//, ''))
    .some((entry) => entry === etag || entry === '*');
};
