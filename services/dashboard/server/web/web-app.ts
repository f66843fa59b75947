// The built pages: files with a hash in their name, which never change, and index.html for every address of a screen.
import { serveStatic } from '@hono/node-server/serve-static';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../../../platform/http/server/request-context.ts';

/** Styles may be inline, because components compute positions and sizes; scripts may not. */
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

/** To be added last: it answers what no other route has answered. Throws when `folder` holds no pages. */
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
    const isPage =
      ['GET', 'HEAD'].includes(c.req.method) &&
      c.req.header('accept')?.includes('text/html') === true &&
      !c.req.path.startsWith('/api/') &&
      !c.req.path.startsWith('/assets/');
    if (!isPage) {
      await next();
      return;
    }
    // The name of each script changes with its content, so only this file has to be asked for anew.
    return c.html(index, 200, { 'Cache-Control': 'no-cache', 'Content-Security-Policy': pagePolicy });
  });
};
