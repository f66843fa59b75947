// ETags: `"v<version>-<hash of the body>"`. The same ETag means the same bytes, so If-None-Match never yields a stale body.
// If-Match compares only the version: it protects the row of the resource, and must not fail when another row that the body
// shows, such as a reservation, has changed.
import { createHash } from 'node:crypto';
import type { AppContext } from '../server/request-context.ts';

/** `version`: the version of the resource's row. */
export const etagOf = (version: number, body: unknown): string => {
  const hash = createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 16);
  return `"v${version}-${hash}"`;
};

/** The entry in `responses` of an endpoint that supports If-None-Match. */
export const notModified = {
  304: { description: 'Unchanged: If-None-Match contains the current ETag' },
} as const;

/** One entity tag (RFC 9110, 8.8.3). */
const tag = '(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"';
/** `*`, or a list of entity tags. */
export const etagList = new RegExp(`^(?:\\*|\\s*${tag}(?:\\s*,\\s*${tag})*\\s*)$`);

const tagsIn = (header: string): readonly string[] => header.match(new RegExp(tag, 'g')) ?? [];

/** Whether If-None-Match contains the ETag, by weak comparison (RFC 9110, 13.1.2). */
export const isUnchanged = (c: AppContext, etag: string): boolean => {
  const header = c.req.header('if-none-match')?.trim();
  if (header === undefined) return false;
  return header === '*' || tagsIn(header).some((entry) => entry.replace(/^W\//, '') === etag);
};

/**
 * The versions that If-Match allows; undefined allows any version (no header, or `*`). A weak or foreign tag matches no
 * version, so the list can be empty.
 */
export const versionsIn = (ifMatch: string | undefined): readonly number[] | undefined => {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  return tagsIn(ifMatch).flatMap((entry) => {
    const version = /^"v(\d{1,9})(?:-[\w-]+)?"$/.exec(entry)?.[1];
    return version === undefined ? [] : [Number(version)];
  });
};
