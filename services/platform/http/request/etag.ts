// ETags: `"v<version>-<hash of the body>"`. The same ETag means the same bytes, so a reader of If-None-Match never keeps a body that
// has changed, whoever reads it. If-Match compares the version alone: it guards a change of the row, and what the body shows of
// other rows, such as a reservation, must not refuse it.
import { createHash } from 'node:crypto';
import type { AppContext } from '../server/request-context.ts';

/** The ETag of a body that shows a row at `version`. `body` is what is sent, field by field. */
export const etagOf = (version: number, body: unknown): string => {
  const hash = createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 16);
  return `"v${version}-${hash}"`;
};

/** The headers of a body with that ETag: a shared cache keeps none of it, and a private one asks before it shows it again. */
export const taggedHeaders = (etag: string) => ({
  etag,
  vary: 'Authorization',
  'cache-control': 'private, no-cache',
});

/** The response of a read whose ETag the client has named in If-None-Match. */
export const notModified = {
  304: { description: 'Unchanged: If-None-Match names the ETag that it has now' },
} as const;

/** One entity tag (RFC 9110, 8.8.3). */
const tag = '(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"';
/** `*`, or a list of entity tags. */
export const etagList = new RegExp(`^(?:\\*|\\s*${tag}(?:\\s*,\\s*${tag})*\\s*)$`);

const tagsIn = (header: string): readonly string[] => header.match(new RegExp(tag, 'g')) ?? [];

/** Whether If-None-Match names the ETag; weak or strong makes no difference for a read (RFC 9110, 13.1.2). */
export const isUnchanged = (c: AppContext, etag: string): boolean => {
  const known = c.req.header('if-none-match')?.trim();
  if (known === undefined) return false;
  return known === '*' || tagsIn(known).some((entry) => entry.replace(/^W\//, '') === etag);
};

/**
 * The versions that If-Match allows, undefined for any: no header, or `*`. A weak tag matches nothing, and neither does a tag that
 * was never given out, so the list can be empty.
 */
export const versionsIn = (ifMatch: string | undefined): readonly number[] | undefined => {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  return tagsIn(ifMatch).flatMap((entry) => {
    const version = /^"v(\d{1,9})(?:-[\w-]+)?"$/.exec(entry)?.[1];
    return version === undefined ? [] : [Number(version)];
  });
};
