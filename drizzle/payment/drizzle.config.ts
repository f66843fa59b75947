// npx drizzle-kit generate --config drizzle/payment/drizzle.config.ts
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './drizzle/payment/schema.ts',
  out: './drizzle/payment/migrations',
});
