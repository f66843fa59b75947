// Checks that a body is text in UTF-8. Parsers replace invalid UTF-8 by U+FFFD and ignore unknown content codings, so
// without this check the service would silently store other text than the client has sent.
import { isUtf8 } from 'node:buffer';
import { problem } from '../endpoint/problem.ts';
import type { AppContext } from './request-context.ts';

const jsonType = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/;

/** Throws the 415 problem for an unsupported coding or charset, the 400 problem for JSON that is not UTF-8. */
export async function assertReadable(c: AppContext): Promise<void> {
  const coding = c.req.header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (coding !== 'identity') {
    throw problem('unsupported_media_type', {
      detail: 'The body must not have a content coding.',
      headers: { 'Accept-Encoding': 'identity' },
    });
  }
  const type = c.req.header('content-type')?.toLowerCase() ?? '';
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/.exec(type)?.[1] ?? 'utf-8';
  if (charset !== 'utf-8' && charset !== 'utf8') {
    throw problem('unsupported_media_type', { detail: 'The charset of the body must be UTF-8.' });
  }
  if (!jsonType.test(type)) return;
  // The parser does not accept every valid form of the header, such as white space before a semicolon.
  c.req.raw.headers.set('Content-Type', 'application/json');
  // Hono caches the bytes, so the parser does not read the body a second time.
  if (!isUtf8(new Uint8Array(await c.req.arrayBuffer()))) {
    throw problem('malformed_json', { detail: 'The body is not UTF-8.' });
  }
}
