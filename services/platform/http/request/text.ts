// Text that people type. What cannot be stored is refused at the edge (PostgreSQL takes no NUL, UTF-8 no half of a surrogate
// pair), and so is what only ever serves to forge: control characters and line separators make log lines and file formats
// out of a name, direction overrides make a name read as another one.
import { z } from 'zod';

// Without flags and classes of Unicode, so that every reader of the OpenAPI document understands it.
// eslint-disable-next-line no-control-regex -- it names what it refuses
const plain = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/;
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u;

const uuids = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;
/** The text with each UUID in small letters: in capitals it names the same thing, and it is compared as text. */
export const withLowerUuids = (text: string): string => text.replaceAll(uuids, (id) => id.toLowerCase());

/** A UUID that a client names, in the letters in which it is stored. */
export const uuid = z.uuid().toLowerCase();

/** Trimmed text of 1 to `maximum` characters that can be seen, stored and printed. */
export const printable = (maximum: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maximum)
    .regex(plain, 'must not contain control characters')
    .refine((text) => text.isWellFormed(), 'must not contain half a character')
    .refine((text) => visible.test(text), 'must contain something to see');

/** The id of something that need not be a UUID, such as a product that the demonstration has named. */
export const resourceId = (maximum: number) => printable(maximum).overwrite(withLowerUuids);

/** Text of 1 to `maximum` characters to look something up by: whatever PostgreSQL can compare. */
export const lookup = (maximum: number) =>
  z
    .string()
    .min(1)
    .max(maximum)
    .refine((text) => !text.includes('\0'), 'must not contain NUL')
    .refine((text) => text.isWellFormed(), 'must not contain half a character');
