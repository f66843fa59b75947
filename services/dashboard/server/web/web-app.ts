// Serves the built pages: the assets, which are immutable because their names contain a hash, and index.html for every path of a
// page. Other paths, such as unknown paths below /api, get a JSON 404.
import { serveStatic } from '@hono/node-server/serve-static';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../../../platform/http/server/request-context.ts';

/** Inline styles are allowed, because components compute positions and sizes. Inline scripts are not. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Must be added last, because it handles all paths without another route. Throws when `folder` has no index.html. */
export const addWebApp = (app: App, folder: string): void => {
  const indexFile = join(folder, 'index.html');
  if (!existsSync(indexFile))
    throw new Error(
      `There are no pages in ${folder}; build them with \`npx vite build services/dashboard/web\`.`,
    );
  const index = readFileSync(indexFile, 'utf8');
  app.use(
    '/assets/*',
    serveStatic({
      root: folder,
      precompressed: true,
      onFound: (_path, c) => {
        c.header('Cache-Control', 'public, max-age=31536000, immutable');
      },
    }),
  );
  app.use('/favicon.svg', serveStatic({ root: folder }));
  app.use('*', async (c, next) => {
    const accepted = c.req.header('accept') ?? '*/*';
    const isPage =
      ['GET', 'HEAD'].includes(c.req.method) &&
      // A client such as curl accepts any type. It gets the page at the root, and a JSON 404 at other paths.
      (accepted.includes('text/html') || (c.req.path === '/' && accepted.includes('*/*'))) &&
      !c.req.path.startsWith('/api/') &&
      !c.req.path.startsWith('/assets/');
    if (!isPage) {
      await next();
      return;
    }
    // index.html names the current assets, so browsers must revalidate it.
    return c.html(index, 200, { 'Cache-Control': 'no-cache', 'Content-Security-Policy': pagePolicy });
  });
};
