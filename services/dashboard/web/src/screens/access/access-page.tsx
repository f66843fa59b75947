// The permissions: every action of every process, with the scope of each role. The data comes from the same tables that the
// processes enforce.
import { SegmentedControl, Select, Table, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, getRouteApi } from '@tanstack/react-router';
import { Check, KeyRound, Minus, Search, User, Users } from 'lucide-react';
import { permissionsQuery } from '../../api/admin-queries.ts';
import type { PermissionEntry } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import classes from './access-page.module.css';
import { findActions, groupOf, groupTitleOf, roles, type AccessSearch } from './access-search.ts';

const accessRoute = getRouteApi('/access');

const scopeIcons = { all: Check, own: User, 'own lines': Users } as const;

/** The scope of a role, as a word, a shape and a colour. */
const Scope = ({ scope }: { scope: keyof typeof scopeIcons | undefined }) => {
  const Icon = scope === undefined ? Minus : scopeIcons[scope];
  return (
    <span className={classes['scope']} data-scope={scope ?? 'no'}>
      <Icon size={13} aria-hidden="true" />
      {scope ?? 'none'}
    </span>
  );
};

const RoleCells = ({ allow }: Pick<PermissionEntry, 'allow'>) => {
  if (typeof allow !== 'string')
    return roles.map((role) => (
      <Table.Td key={role}>
        <Scope scope={allow[role]} />
      </Table.Td>
    ));
  const Icon = allow === 'anyone' ? Check : KeyRound;
  return (
    <Table.Td colSpan={3}>
      <span className={classes['scope']} data-scope={allow}>
        <Icon size={13} aria-hidden="true" />
        {allow === 'anyone' ? 'anyone, no token required' : 'requires the chaos token'}
      </span>
    </Table.Td>
  );
};

const Group = ({ title, entries }: { title: string; entries: readonly PermissionEntry[] }) => (
  <Table.Tbody>
    <Table.Tr className={classes['group']}>
      <Table.Th colSpan={5} scope="rowgroup">
        {title}
        <small>
          {entries.length} {entries.length === 1 ? 'action' : 'actions'}
        </small>
      </Table.Th>
    </Table.Tr>
    {entries.map((entry) => (
      <Table.Tr key={entry.action}>
        <Table.Th scope="row" className={classes['action']}>
          {entry.action}
          {entry.optional && <small>if enabled</small>}
        </Table.Th>
        <Table.Td className={classes['call']}>
          <b data-method={entry.method}>{entry.method}</b> {entry.path}
        </Table.Td>
        <RoleCells allow={entry.allow} />
      </Table.Tr>
    ))}
  </Table.Tbody>
);

const Legend = () => (
  <dl className={classes['legend']}>
    <div>
      <dt>
        <Scope scope="all" />
      </dt>
      <dd>all resources</dd>
    </div>
    <div>
      <dt>
        <Scope scope="own" />
      </dt>
      <dd>resources of the caller; others return 404</dd>
    </div>
    <div>
      <dt>
        <Scope scope="own lines" />
      </dt>
      <dd>the lines of orders and reservations that contain products of the caller</dd>
    </div>
    <div>
      <dt>
        <Scope scope={undefined} />
      </dt>
      <dd>no access (403)</dd>
    </div>
  </dl>
);

const Matrix = ({ entries }: { entries: readonly PermissionEntry[] }) => (
  <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
    <Table aria-label="Permissions" verticalSpacing={7} horizontalSpacing="md">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Action</Table.Th>
          <Table.Th>Endpoint</Table.Th>
          {roles.map((role) => (
            <Table.Th key={role} w={112}>
              {role}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      {[...new Set(entries.map(groupOf))].map((group) => (
        <Group
          key={group}
          title={groupTitleOf(group)}
          entries={entries.filter((entry) => groupOf(entry) === group)}
        />
      ))}
    </Table>
  </Table.ScrollContainer>
);

export const AccessPage = () => {
  const search = accessRoute.useSearch();
  const navigate = useNavigate({ from: '/access' });
  const query = useQuery(permissionsQuery);
  const entries = query.data ?? [];
  const found = findActions(entries, search);
  /** With `replace`, the change adds no entry to the browser history. */
  const changeSearch = (next: AccessSearch, replace = false): void =>
    void navigate({ search: next, replace, resetScroll: false });
  const { q: _q, ...withoutQ } = search;
  const { group: _group, ...withoutGroup } = search;
  const { role: _role, ...withoutRole } = search;
  return (
    <Page
      title="Access"
      beside={
        query.isSuccess && (
          <span className={classes['count']} role="status">
            {found.length === entries.length
              ? `${entries.length} actions`
              : `${found.length} of ${entries.length} actions`}
          </span>
        )
      }
      actions={
        <>
          <TextInput
            aria-label="Search actions"
            placeholder="Search action or path"
            leftSection={<Search size={15} aria-hidden="true" />}
            value={search.q ?? ''}
            onChange={({ currentTarget: { value } }) =>
              changeSearch(value === '' ? withoutQ : { ...withoutQ, q: value }, true)
            }
          />
          <Select
            aria-label="Process"
            placeholder="All processes"
            clearable
            clearButtonProps={{ 'aria-label': 'All processes' }}
            data={[...new Set(entries.map(groupOf))].map((group) => ({
              value: group,
              label: groupTitleOf(group),
            }))}
            value={search.group ?? null}
            onChange={(group) => changeSearch(group === null ? withoutGroup : { ...withoutGroup, group })}
          />
          <SegmentedControl
            aria-label="Role"
            style={{ alignSelf: 'center' }}
            value={search.role ?? 'all'}
            onChange={(value) => {
              const role = roles.find((name) => name === value);
              changeSearch(role === undefined ? withoutRole : { ...withoutRole, role });
            }}
            data={[{ value: 'all', label: 'All roles' }, ...roles]}
          />
        </>
      }
    >
      <Card flush>
        {query.isPending && <Loading lines={10} />}
        {query.isError && query.data === undefined && (
          <ErrorMessage error={query.error} retry={() => void query.refetch()} />
        )}
        {query.isSuccess && found.length === 0 && (
          <Empty title="No actions found">Try a different search or remove a filter.</Empty>
        )}
        {found.length > 0 && <Matrix entries={found} />}
      </Card>
      <Card title="Legend">
        <p className={classes['words']}>
          The processes enforce this table: every endpoint is defined by one entry of the table, and a process
          with a route that is not in the table does not start. If a user has several roles, the first of
          ADMIN, SELLER and USER that has a permission applies.
        </p>
        <Legend />
      </Card>
    </Page>
  );
};
