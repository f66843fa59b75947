// The page that shows the API: Swagger UI from the package swagger-ui-dist, so that the page works without a network. It has no
// inline script, so that the content security policy can be strict. Its links are relative, so that they work behind a proxy with a
// path prefix.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { html } from 'hono/html';

const assets = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'start.js': 'text/javascript; charset=utf-8',
} as const;
type Asset = keyof typeof assets;

const isAsset = (name: string): name is Asset => Object.hasOwn(assets, name);

const directory = (): string =>
  dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const start = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

/** Each file is read once: reading the bundle of 1.7 MB for every request would delay other requests. */
const contents = new Map<Asset, Promise<Uint8Array<ArrayBuffer>>>();

const contentOf = async (name: Asset): Promise<Uint8Array<ArrayBuffer>> =>
  name === 'start.js'
    ? new TextEncoder().encode(start)
    : new Uint8Array(await readFile(join(directory(), name)));

/** A file that the page needs; undefined for any other name. */
export async function docsAsset(
  name: string,
): Promise<{ readonly type: string; readonly content: Uint8Array<ArrayBuffer> } | undefined> {
  if (!isAsset(name)) return undefined;
  const content = contents.get(name) ?? contentOf(name);
  contents.set(name, content);
  // After a failed read, the next request reads the file again.
  content.catch(() => contents.delete(name));
  return { type: assets[name], content: await content };
}

/** Swagger UI needs inline styles and `data:` images; it loads nothing from other origins. */
export const docsPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export const docsPage = (title: string) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="docs/swagger-ui.css" />
      </head>
      <body>
        <noscript>
          This page needs JavaScript. Without it, read <a href="openapi.json">openapi.json</a>.
        </noscript>
        <main id="docs"></main>
        <script src="docs/swagger-ui-bundle.js"></script>
        <script src="docs/start.js"></script>
      </body>
    </html>`;
