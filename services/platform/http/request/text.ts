// Text that people type. These schemas refuse text that cannot be stored (NUL in PostgreSQL, an unpaired surrogate in UTF-8) and
// text that can deceive: control characters and line separators can forge log lines, direction overrides can make one name
// look like another.
import { z } from 'zod';

const refused = {
  controlCharacters: String.raw`\u0000-\u001f\u007f-\u009f`,
  lineSeparators: String.raw`\u2028\u2029`,
  directionOverrides: String.raw`\u202a-\u202e\u2066-\u2069`,
};
// No Unicode flag or class, because some consumers of the OpenAPI document do not support them.
const plain = new RegExp(`^[^${Object.values(refused).join('')}]*$`);
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u;
const unpairedSurrogate = 'must not contain an unpaired surrogate';

const uuids = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;
/** Converts each UUID to lower case, because UUIDs are compared as text. */
export const withLowerUuids = (text: string): string => text.replaceAll(uuids, (id) => id.toLowerCase());

/** A UUID from a client, in lower case, as it is stored. */
export const uuid = z.uuid().toLowerCase();

/** Trimmed text of 1 to `maximum` characters, at least one of them visible. */
export const printable = (maximum: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maximum)
    .regex(plain, 'must not contain control characters, line separators or direction overrides')
    .refine((text) => text.isWellFormed(), unpairedSurrogate)
    .refine((text) => visible.test(text), 'must contain a visible character');

/** An id that is not always a UUID: products of the demonstration have readable ids. */
export const resourceId = (maximum: number) => printable(maximum).overwrite(withLowerUuids);

/** Text of 1 to `maximum` characters for a lookup: anything that PostgreSQL can compare. */
export const lookup = (maximum: number) =>
  z
    .string()
    .min(1)
    .max(maximum)
    .refine((text) => !text.includes('\0'), 'must not contain NUL')
    .refine((text) => text.isWellFormed(), unpairedSurrogate);
