// The permission table for people to read, made from the one that is enforced.
// Run: node scripts/quality/documents/generate-permissions.ts       (npm run check fails when the file is stale)
import { readFileSync, writeFileSync } from 'node:fs';
import type { Role } from '../../../services/platform/http/endpoint/permissions.ts';
import { actions, permissionOf, type Action } from './all-permissions.ts';
import { join } from 'node:path';

export const permissionsFile = join(import.meta.dirname, '..', '..', '..', 'services', 'PERMISSIONS.md');

const columns = ['USER', 'SELLER', 'ADMIN'] as const satisfies readonly Role[];

const row = (action: Action): string => {
  const { on, method, path, allow } = permissionOf(action);
  const cells =
    typeof allow === 'string' ? [allow, allow, allow] : columns.map((role) => allow[role] ?? 'no (403)');
  const call = `\`${method.toUpperCase()} ${path}\``;
  return `| \`${action}\` | ${on.length === 6 ? 'every process' : on.join(', ')} | ${call} | ${cells.join(' | ')} |`;
};

/** services/PERMISSIONS.md as it should be. */
export function generatePermissions(): string {
  return `<!-- Generated from services/*/*/permissions.ts by scripts/quality/documents/generate-permissions.ts. DO NOT EDIT. -->

# Permissions

Whoever is not named may not: an endpoint can only be made from an entry of this table, a process does not start with a
route that is missing here, and each cell is asked for over HTTP in \`tests/http/permissions.e2e.test.ts\`.

- **own**: what belongs to the caller. **own lines**: orders with lines of the caller, and of those only these lines.
- Whatever is outside of the scope does not exist for the caller: 404. Without a cell: 403. Without a valid token: 401.
- Of several roles the first of ADMIN, SELLER, USER that has a cell counts.
- **anyone**: no token is needed. **chaos token**: faults on purpose, where they are switched on, for who knows the token.
- An administrator changes no order: a repair says again what an order's state implies, and changes nothing of it.

| action | at | call | USER | SELLER | ADMIN |
| --- | --- | --- | --- | --- | --- |
${actions.map(row).join('\n')}
`;
}

/** What is wrong with the file, or undefined. */
export const permissionsDrift = (): string | undefined =>
  generatePermissions() === readFileSync(permissionsFile, 'utf8')
    ? undefined
    : 'services/PERMISSIONS.md is stale; run: node scripts/quality/documents/generate-permissions.ts';

if (import.meta.main) {
  writeFileSync(permissionsFile, generatePermissions());
  process.stdout.write('wrote services/PERMISSIONS.md\n');
}
