// The permissions: every action of every process with the scope of each role, from the enforced tables.
import { SegmentedControl, Select, Table, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Check, KeyRound, Minus, Search, User, Users } from 'lucide-react';
import { permissionsQuery } from '../../api/admin-queries.ts';
import type { PermissionEntry, Role } from '../../api/types.ts';
import { accessRoute } from '../../app/router.tsx';
import { Card } from '../../parts/card.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty, Failed, Loading } from '../../parts/states.tsx';
import classes from './access-page.module.css';
import { findActions, groupOf, type AccessSearch } from './access-search.ts';

const roles = ['USER', 'SELLER', 'ADMIN'] as const satisfies readonly Role[];
const scopeIcons = { all: Check, own: User, 'own lines': Users } as const;

/** The scope of a role, as a word, a shape and a colour. */
const Scope = ({ scope }: { scope: keyof typeof scopeIcons | undefined }) => {
  const Icon = scope === undefined ? Minus : scopeIcons[scope];
  return (
    <span className={classes['reach']} data-scope={scope ?? 'no'}>
      <Icon size={13} aria-hidden="true" />
      {scope ?? 'none'}
    </span>
  );
};

const Cells = ({ allow }: Pick<PermissionEntry, 'allow'>) => {
  if (typeof allow !== 'string')
    return roles.map((role) => (
      <Table.Td key={role}>
        <Scope scope={allow[role]} />
      </Table.Td>
    ));
  const Icon = allow === 'anyone' ? Check : KeyRound;
  return (
    <Table.Td colSpan={3}>
      <span className={classes['reach']} data-scope={allow}>
        <Icon size={13} aria-hidden="true" />
        {allow === 'anyone' ? 'anyone, no token required' : 'requires the chaos token'}
      </span>
    </Table.Td>
  );
};

const Group = ({ name, entries }: { name: string; entries: readonly PermissionEntry[] }) => (
  <Table.Tbody>
    <Table.Tr className={classes['group']}>
      <Table.Th colSpan={5} scope="rowgroup">
        {name}
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
        <Cells allow={entry.allow} />
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
      <dd>orders that contain products of the caller, with only those lines</dd>
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
        <Group key={group} name={group} entries={entries.filter((entry) => groupOf(entry) === group)} />
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
  /** `replace` keeps keystrokes out of the browser history. */
  const change = (to: AccessSearch, replace = false): void =>
    void navigate({ search: to, replace, resetScroll: false });
  const { q: _q, ...withoutQ } = search;
  const { at: _at, ...withoutAt } = search;
  const { may: _may, ...withoutMay } = search;
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
              change(value === '' ? withoutQ : { ...withoutQ, q: value }, true)
            }
          />
          <Select
            aria-label="Process"
            placeholder="All processes"
            clearable
            clearButtonProps={{ 'aria-label': 'All processes' }}
            data={[...new Set(entries.map(groupOf))]}
            value={search.at ?? null}
            onChange={(at) => change(at === null ? withoutAt : { ...withoutAt, at })}
          />
          <SegmentedControl
            aria-label="Role"
            style={{ alignSelf: 'center' }}
            value={search.may ?? 'everybody'}
            onChange={(value) => {
              const may = roles.find((role) => role === value);
              change(may === undefined ? withoutMay : { ...withoutMay, may });
            }}
            data={[{ value: 'everybody', label: 'All roles' }, ...roles]}
          />
        </>
      }
    >
      <Card flush>
        {query.isPending && <Loading lines={10} />}
        {query.isError && query.data === undefined && (
          <Failed error={query.error} retry={() => void query.refetch()} />
        )}
        {query.isSuccess && found.length === 0 && (
          <Empty title="No actions found">Try a different search or remove a filter.</Empty>
        )}
        {found.length > 0 && <Matrix entries={found} />}
      </Card>
      <Card title="Legend">
        <p className={classes['words']}>
          The processes enforce this table: every endpoint is defined from one of its entries, and a process
          with an unlisted route does not start. For a user with several roles, the first of ADMIN, SELLER and
          USER applies.
        </p>
        <Legend />
      </Card>
    </Page>
  );
};
