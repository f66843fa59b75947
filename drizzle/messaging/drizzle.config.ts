// npx drizzle-kit generate --config drizzle/messaging/drizzle.config.ts
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './drizzle/messaging/schema.ts',
  out: './drizzle/messaging/migrations',
});
