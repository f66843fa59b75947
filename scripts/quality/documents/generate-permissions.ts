// Generates services/PERMISSIONS.md from the permission tables that the processes enforce.
// Run: node scripts/quality/documents/generate-permissions.ts       (npm run check fails when the file is stale)
import { readFileSync, writeFileSync } from 'node:fs';
import { permissionsOfProcesses, type Role } from '../../../services/platform/http/endpoint/permissions.ts';
import { actions, permissionOf, type Action } from './all-permissions.ts';
import { join } from 'node:path';

const permissionsFile = join(import.meta.dirname, '..', '..', '..', 'services', 'PERMISSIONS.md');

const columns = ['USER', 'SELLER', 'ADMIN'] as const satisfies readonly Role[];

const row = (action: Action): string => {
  const { processes, method, path, allow } = permissionOf(action);
  const cells =
    typeof allow === 'string' ? [allow, allow, allow] : columns.map((role) => allow[role] ?? 'no (403)');
  const call = `\`${method.toUpperCase()} ${path}\``;
  return `| \`${action}\` | ${Object.hasOwn(permissionsOfProcesses, action) ? 'every process' : processes.join(', ')} | ${call} | ${cells.join(' | ')} |`;
};

/** The content of services/PERMISSIONS.md. */
function generatePermissions(): string {
  return `<!-- Generated from services/*/*/permissions.ts by scripts/quality/documents/generate-permissions.ts. DO NOT EDIT. -->

# Permissions

Everything that is not listed is forbidden. Every endpoint is created from an entry of this table. If a process has a route
without an entry, it does not start. \`tests/http/permissions.e2e.test.ts\` sends a request for every cell.

- **own**: only resources of the caller. **own lines**: only orders that contain products of the caller, without the lines of other sellers.
- The response is 401 without a valid token, 403 for a role without permission, and 404 for a resource outside of the permitted scope.
- If the caller has several roles, the first of ADMIN, SELLER, USER that has a permission applies.
- **anyone**: no token is needed. **chaos token**: callers with this token may inject faults, if fault injection is enabled.
- An administrator cannot change an order. A repair emits the events of the current state again and does not change the state.

| action | process | call | USER | SELLER | ADMIN |
| --- | --- | --- | --- | --- | --- |
${actions.map(row).join('\n')}
`;
}

/** The remedy when the file is stale; undefined when it is up to date. */
export const permissionsDrift = (): string | undefined =>
  generatePermissions() === readFileSync(permissionsFile, 'utf8')
    ? undefined
    : 'services/PERMISSIONS.md is stale; run: node scripts/quality/documents/generate-permissions.ts';

if (import.meta.main) {
  writeFileSync(permissionsFile, generatePermissions());
  process.stdout.write('wrote services/PERMISSIONS.md\n');
}
