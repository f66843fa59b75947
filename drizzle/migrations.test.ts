// The rules of the migrations: an index on a table that may hold data is built beside the traffic, a check is validated beside it.
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Written before the rule, for tables that were empty or small then. They never change: databases have run them. */
const before = [
  'dead_letters_parked',
  'dead_letters_settled_at',
  'dead_letters_state',
  'dead_letters_settled',
  'dead_letters_archived',
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

  it.each(series)('of %s adds each check unvalidated, and validates it in a migration of its own', (name) => {
    const [, ...later] = readMigrationFiles({
      migrationsFolder: join(import.meta.dirname, name, 'migrations'),
    });
    const text = later.map(({ sql }) => sql.join('\n'));
    for (const [at, statements] of text.entries()) {
      for (const [, check = '', isValid] of statements.matchAll(
        /ADD CONSTRAINT "(\w+)" CHECK .*?( NOT VALID)?;/g,
      )) {
        if (before.includes(check)) continue;
        expect([check, isValid]).toEqual([check, ' NOT VALID']);
        expect(text.slice(at + 1).join('\n')).toContain(`VALIDATE CONSTRAINT "${check}"`);
      }
    }
  });
});
