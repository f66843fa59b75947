// The rule of the migrations: an index on a table that may hold data is built beside the traffic.
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Written before the rule, for tables that were empty or small then. They never change: databases have run them. */
const before = [
  'dead_letters_parked',
  'dead_letters_settled_at',
  'audit_log_transaction',
  'audit_log_at',
  'audit_log_subject',
];

const series = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe('a migration after the first', () => {
  it.each(series)('of %s builds each index concurrently, in statements that may be repeated', (name) => {
    const [, ...later] = readMigrationFiles({
      migrationsFolder: join(import.meta.dirname, name, 'migrations'),
    });
    for (const { sql } of later) {
      const indexes = sql.flatMap((statement) => {
        const index = /CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?"(\w+)"/.exec(statement);
        return index === null || before.includes(index[2] ?? '')
          ? []
          : [{ name: index[2] ?? '', concurrent: index[1] !== undefined }];
      });
      for (const index of indexes) {
        expect(index).toMatchObject({ concurrent: true });
        expect(sql.join('\n')).toContain(`DROP INDEX CONCURRENTLY IF EXISTS "${index.name}"`);
      }
    }
  });
});
