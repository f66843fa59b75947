// The URL parameters of the permissions page, and the actions that match them.
import type { PermissionEntry, Role } from '../../api/types.ts';

export interface AccessSearch {
  readonly q?: string;
  /** A group: a process, or the processes that share the actions. */
  readonly at?: string;
  /** Only actions that this role may call. */
  readonly may?: Role;
}

const roles: readonly unknown[] = ['USER', 'SELLER', 'ADMIN'];
const isRole = (value: unknown): value is Role => roles.includes(value);

export const toAccessSearch = (search: Readonly<Record<string, unknown>>): AccessSearch => ({
  ...(typeof search['q'] === 'string' && search['q'] !== '' ? { q: search['q'] } : {}),
  ...(typeof search['at'] === 'string' ? { at: search['at'] } : {}),
  ...(isRole(search['may']) ? { may: search['may'] } : {}),
});

/** The group of an entry: its process, or the processes that share it. */
export const groupOf = ({ on }: PermissionEntry): string => {
  const [only] = on;
  if (on.length === 1 && only !== undefined) return only;
  return on.length === 3 ? 'order, inventory and payment' : 'every process';
};

/** Public actions are allowed to every role. Actions that require the chaos token are allowed to none. */
export const mayDo = ({ allow }: PermissionEntry, role: Role): boolean =>
  typeof allow === 'string' ? allow === 'anyone' : allow[role] !== undefined;

/** The entries that match: every word of `q` is in the action, its endpoint or its processes. */
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
