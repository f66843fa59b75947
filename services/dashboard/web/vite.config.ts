// Builds the pages. Each JavaScript, CSS and SVG asset is also written as .br and .gz, so the server does not compress at request
// time.
import react from '@vitejs/plugin-react';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const compressed = (): Plugin => ({
  name: 'compressed-assets',
  apply: 'build',
  writeBundle: ({ dir = 'dist' }) => {
    const assets = join(dir, 'assets');
    for (const name of readdirSync(assets).filter((file) => /\.(?:js|css|svg)$/.test(file))) {
      const content = readFileSync(join(assets, name));
      writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content));
      writeFileSync(join(assets, `${name}.gz`), gzipSync(content));
    }
  },
});

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), compressed()],
  build: { target: 'es2023', emptyOutDir: true, assetsInlineLimit: 0, chunkSizeWarningLimit: 700 },
  // For development: `npx vite services/dashboard/web` serves the sources beside a running `npm start`.
  server: {
    // The dashboard compares the Origin of a request with its Host, so the proxy must keep the Host.
    proxy: Object.fromEntries(
      ['/api', '/session', '/health'].map((path) => [
        path,
        { target: 'http://localhost:3000', changeOrigin: false },
      ]),
    ),
  },
});
