// npx drizzle-kit generate --config drizzle/order/drizzle.config.ts
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './drizzle/order/schema.ts',
  out: './drizzle/order/migrations',
});
