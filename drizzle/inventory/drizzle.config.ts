// npx drizzle-kit generate --config drizzle/inventory/drizzle.config.ts
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './drizzle/inventory/schema.ts',
  out: './drizzle/inventory/migrations',
});
