// The filters of the audit log. Text filters are applied on Enter or blur, not on every keystroke.
import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { permissionsQuery } from '../../api/admin-queries.ts';
import classes from './audit-log-page.module.css';
import { toAuditSearch, toLocalField, type AuditSearch } from './audit-search.ts';
import type { ServiceName } from '../../api/types.ts';

/** The actions that the audit log records: those that change data and require a role. */
const useRecordedActions = (service: ServiceName): string[] => {
  const { data = [] } = useQuery(permissionsQuery);
  return data
    .filter(
      ({ action, on: processes, method, allow }) =>
        // Connector actions are in the log of the service whose events the connector publishes.
        (processes.includes(service) || action.startsWith('connectors.')) &&
        method !== 'GET' &&
        typeof allow !== 'string',
    )
    .map(({ action }) => action);
};

interface AuditFiltersProps {
  readonly service: ServiceName;
  readonly search: AuditSearch;
  readonly onChange: (search: AuditSearch) => void;
}

export const AuditFilters = ({ service, search, onChange }: AuditFiltersProps) => {
  const actions = useRecordedActions(service);
  const change = (name: keyof AuditSearch, value: string | null | undefined): void => {
    const next = toAuditSearch({ ...search, [name]: value ?? undefined });
    if (JSON.stringify(next) !== JSON.stringify(search)) onChange(next);
  };
  const { service: _, ...filters } = search;
  const options = [...new Set([...(search.action === undefined ? [] : [search.action]), ...actions])];
  return (
    <div className={classes['filters']} role="search" aria-label="Filters">
      <SegmentedControl
        aria-label="Outcome"
        value={search.outcome ?? 'all'}
        onChange={(value) => change('outcome', value === 'all' ? undefined : value)}
        data={[
          { value: 'all', label: 'All' },
          { value: 'accepted', label: 'Accepted' },
          { value: 'ignored', label: 'Ignored' },
          { value: 'refused', label: 'Refused' },
        ]}
      />
      <Select
        label="Action"
        placeholder="Any action"
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'Any action' }}
        data={options}
        value={search.action ?? null}
        onChange={(value) => change('action', value)}
      />
      {/* The key recreates the form when the URL changes, so that the back button also updates the field. */}
      <form
        key={search.subject ?? ''}
        onSubmit={(event) => {
          event.preventDefault();
          const subject = new FormData(event.currentTarget).get('subject');
          if (typeof subject === 'string') change('subject', subject.trim());
        }}
      >
        <TextInput
          name="subject"
          label="Subject"
          placeholder="user-customer-001"
          defaultValue={search.subject ?? ''}
          onBlur={({ currentTarget: { value } }) => change('subject', value.trim())}
        />
      </form>
      <TextInput
        key={`from ${search.from ?? ''}`}
        type="datetime-local"
        label="From"
        defaultValue={toLocalField(search.from)}
        onBlur={({ currentTarget: { value } }) => change('from', value)}
      />
      <TextInput
        key={`to ${search.to ?? ''}`}
        type="datetime-local"
        label="Before"
        defaultValue={toLocalField(search.to)}
        onBlur={({ currentTarget: { value } }) => change('to', value)}
      />
      {Object.keys(filters).length > 0 && (
        <Button
          variant="subtle"
          onClick={() => onChange(search.service === undefined ? {} : { service: search.service })}
        >
          Clear filters
        </Button>
      )}
    </div>
  );
};
