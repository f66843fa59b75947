// Page cursors. A cursor is the position (sort key) after which the next page begins, not a row number, so that new rows do not
// shift the pages. It is opaque, so that clients do not depend on its content.
import { z } from 'zod';
import { printable } from './text.ts';

const positionSchema = z.array(printable(200)).min(1).max(4);

export const encodeCursor = (...position: readonly string[]): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

/** The position inside a cursor; undefined when the text is not a cursor. */
export function decodeCursor(cursor: string): string[] | undefined {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return positionSchema.safeParse(decoded).data;
  } catch {
    return undefined;
  }
}
