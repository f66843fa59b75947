// Opaque page cursors: the position after which the next page begins. Opaque, so that clients cannot come to depend on
// what is inside, and a position instead of a number of rows, so that new rows do not shift the pages.
import { z } from 'zod';
import { printable } from './text.ts';

const parts = z.array(printable(200)).min(1).max(4);

export const encodeCursor = (...position: readonly string[]): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

/** The position inside a cursor, undefined when it is not one of ours. */
export function decodeCursor(cursor: string): string[] | undefined {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return parts.safeParse(decoded).data;
  } catch {
    return undefined;
  }
}
