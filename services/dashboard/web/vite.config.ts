// Builds the pages. Each file is written compressed as well, so that the server compresses nothing while it serves.
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
  // `npx vite services/dashboard/web` serves the sources to whoever changes them, beside a running `npm start`.
  server: {
    proxy: Object.fromEntries(['/api', '/session', '/health'].map((path) => [path, 'http://localhost:3000'])),
  },
});
