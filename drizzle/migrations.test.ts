// The rules of migrations: an index is built without blocking writes, and a check is validated without blocking writes.
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Indexes and checks of migrations that are older than the rules and cannot change, because databases have run them. */
const exempt = [
  'dead_letters_parked',
  'dead_letters_settled_at',
  'dead_letters_state',
  'dead_letters_settled',
  'dead_letters_archived',
  'audit_log_transaction',
  'audit_log_at',
  'audit_log_subject',
];

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe('after the first migration,', () => {
  it.each(folders)('a migration of %s builds each index concurrently, and can be repeated', (name) => {
    const [, ...later] = readMigrationFiles({
      migrationsFolder: join(import.meta.dirname, name, 'migrations'),
    });
    for (const { sql } of later) {
      const indexes = sql.flatMap((statement) => {
        const index = /CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?"(\w+)"/.exec(statement);
        return index === null || exempt.includes(index[2] ?? '')
          ? []
          : [{ name: index[2] ?? '', concurrent: index[1] !== undefined }];
      });
      for (const index of indexes) {
        expect(index).toMatchObject({ concurrent: true });
        expect(sql.join('\n')).toContain(`DROP INDEX CONCURRENTLY IF EXISTS "${index.name}"`);
      }
    }
  });

  it.each(folders)('a migration of %s adds each check unvalidated, and a later one validates it', (name) => {
    const [, ...later] = readMigrationFiles({
      migrationsFolder: join(import.meta.dirname, name, 'migrations'),
    });
    const text = later.map(({ sql }) => sql.join('\n'));
    for (const [at, statements] of text.entries()) {
      for (const [, check = '', isValid] of statements.matchAll(
        /ADD CONSTRAINT "(\w+)" CHECK .*?( NOT VALID)?;/g,
      )) {
        if (exempt.includes(check)) continue;
        expect([check, isValid]).toEqual([check, ' NOT VALID']);
        expect(text.slice(at + 1).join('\n')).toContain(`VALIDATE CONSTRAINT "${check}"`);
      }
    }
  });
});
