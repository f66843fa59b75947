// Text that people type. Control characters are refused at the edge: PostgreSQL cannot store NUL, and the others only ever
// serve to forge log lines and file formats.
import { z } from 'zod';

/** Trimmed text of 1 to `maximum` characters without control characters. */
export const printable = (maximum: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maximum)
    .regex(/^\P{Cc}*$/u, 'must not contain control characters');
