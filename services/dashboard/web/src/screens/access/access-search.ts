// What of the permission matrix stands in the address, and which actions that leaves.
import type { PermissionEntry, Role } from '../../api/types.ts';

export interface AccessSearch {
  readonly q?: string;
  /** A process; `shared` are the actions that several have. */
  readonly at?: string;
  /** Only what this role may do. */
  readonly may?: Role;
}

const roles: readonly unknown[] = ['USER', 'SELLER', 'ADMIN'];
const isRole = (value: unknown): value is Role => roles.includes(value);

export const toAccessSearch = (search: Readonly<Record<string, unknown>>): AccessSearch => ({
  ...(typeof search['q'] === 'string' && search['q'] !== '' ? { q: search['q'] } : {}),
  ...(typeof search['at'] === 'string' ? { at: search['at'] } : {}),
  ...(isRole(search['may']) ? { may: search['may'] } : {}),
});

/** The part of the matrix that an entry belongs to. */
export const groupOf = ({ on }: PermissionEntry): string => {
  const [only] = on;
  if (on.length === 1 && only !== undefined) return only;
  return on.length === 3 ? 'order, inventory and payment' : 'every process';
};

/** Everybody may do what needs no role, except what needs the chaos token: nobody has that by being somebody. */
export const mayDo = ({ allow }: PermissionEntry, role: Role): boolean =>
  typeof allow === 'string' ? allow === 'anyone' : allow[role] !== undefined;

/** The entries that fit: every word of `q` stands in the action, its call or its place. */
export const findActions = (
  entries: readonly PermissionEntry[],
  { q = '', at, may }: AccessSearch,
): PermissionEntry[] => {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((entry) => {
    const text = `${entry.action} ${entry.method} ${entry.path} ${entry.on.join(' ')}`.toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (at === undefined || groupOf(entry) === at) &&
      (may === undefined || mayDo(entry, may))
    );
  });
};
