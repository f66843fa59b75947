// Whether the bytes of a body are text at all. Parsers replace what is not UTF-8 by U+FFFD and ignore a content coding they
// do not know, so without this check something else than what was sent would be stored, and nobody would be told.
import { isUtf8 } from 'node:buffer';
import { problem } from '../endpoint/problem.ts';
import type { AppContext } from './request-context.ts';

const jsonType = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/;

/** Throws the 415 problem for a coding or charset that is not read here, the 400 problem for JSON that is not UTF-8. */
export async function assertReadable(c: AppContext): Promise<void> {
  const coding = c.req.header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (coding !== 'identity') {
    throw problem('unsupported_media_type', {
      detail: 'A body is read as it is, without a content coding.',
      headers: { 'Accept-Encoding': 'identity' },
    });
  }
  const type = c.req.header('content-type')?.toLowerCase() ?? '';
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/.exec(type)?.[1] ?? 'utf-8';
  if (charset !== 'utf-8' && charset !== 'utf8') {
    throw problem('unsupported_media_type', { detail: 'A body is read as UTF-8.' });
  }
  if (!jsonType.test(type)) return;
  // The parser knows fewer forms of the header than there are: white space before a semicolon, an empty parameter.
  c.req.raw.headers.set('Content-Type', 'application/json');
  // What is read here stays with the request, so that the parser need not read it again.
  if (!isUtf8(new Uint8Array(await c.req.arrayBuffer()))) {
    throw problem('malformed_json', { detail: 'The body is not UTF-8.' });
  }
}
