// The URL parameters of the permissions page, and the actions that match the parameters.
import type { PermissionEntry, Role } from '../../api/types.ts';
import { textsIn } from '../../parts/search-texts.ts';

export interface AccessSearch {
  readonly q?: string;
  /** Only actions of this group; see `groupOf`. */
  readonly group?: string;
  /** Only actions that this role may call. */
  readonly role?: Role;
}

export const roles = ['USER', 'SELLER', 'ADMIN'] as const satisfies readonly Role[];

export const toAccessSearch = (search: Readonly<Record<string, unknown>>): AccessSearch => {
  const role = roles.find((name) => name === search['role']);
  return { ...textsIn(search, 'q', 'group'), ...(role === undefined ? {} : { role }) };
};

/** The group of an entry: the process that has the action, `services` for the three services, or `all` for every process. */
export const groupOf = ({ on: processes }: PermissionEntry): string => {
  const [process] = processes;
  if (processes.length === 1 && process !== undefined) return process;
  return processes.length === 3 ? 'services' : 'all';
};

const groupTitles: Readonly<Record<string, string>> = {
  services: 'order, inventory and payment',
  all: 'every process',
  gateway: 'gateway (the simulated payment provider)',
};

/** The name of a group as the page shows it. */
export const groupTitleOf = (group: string): string => groupTitles[group] ?? group;

/** Every role may call public actions. No role may call actions that require the chaos token. */
export const isAllowed = ({ allow }: PermissionEntry, role: Role): boolean =>
  typeof allow === 'string' ? allow === 'anyone' : allow[role] !== undefined;

/** The entries that match the search. Every word of `q` must occur in the action, the endpoint or the names of the processes. */
export const findActions = (
  entries: readonly PermissionEntry[],
  { q = '', group, role }: AccessSearch,
): PermissionEntry[] => {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((entry) => {
    const text = `${entry.action} ${entry.method} ${entry.path} ${entry.on.join(' ')}`.toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (group === undefined || groupOf(entry) === group) &&
      (role === undefined || isAllowed(entry, role))
    );
  });
};
