// The versions of an event, and the changes between two of them, field by field.
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { changesQuery } from '../../api/admin-queries.ts';
import type { CatalogueEvent, EventChanges } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { ErrorMessage, Loading } from '../../parts/states.tsx';
import { Code } from './code-text.tsx';
import classes from './events-page.module.css';

const signs: Readonly<Record<string, string>> = { added: '+', removed: '−' };

const compatibilities: Readonly<
  Record<EventChanges['compatibility'], { readonly ok: boolean; readonly sentence: string }>
> = {
  FULL: { ok: true, sentence: 'Each version can read records of the other version.' },
  BACKWARD: {
    ok: false,
    sentence: 'The second version can read records of the first version, but not vice versa.',
  },
  FORWARD: {
    ok: false,
    sentence: 'The first version can read records of the second version, but not vice versa.',
  },
  NONE: { ok: false, sentence: 'Neither version can read records of the other version.' },
};

const Changes = ({ type, from, to }: { type: string; from: number; to: number }) => {
  const query = useQuery(changesQuery(type, from, to));
  if (query.isPending) return <Loading lines={2} />;
  if (query.data === undefined)
    return <ErrorMessage error={query.error} retry={() => void query.refetch()} />;
  const { changes, compatibility } = query.data;
  const { ok, sentence } = compatibilities[compatibility];
  return (
    <>
      <p className={classes['verdict']}>
        <StateBadge tone={ok ? 'ok' : 'bad'}>{compatibility}</StateBadge> {sentence}
      </p>
      {changes.length === 0 && <p className={classes['same']}>The two versions are identical.</p>}
      <ul className={classes['changes']} aria-label={`Changes from version ${from} to ${to}`}>
        {changes.map(({ path, kind, what: description, note }) => (
          <li key={`${path} ${kind} ${description}`} data-kind={kind}>
            <span className={classes['sign']} aria-hidden="true">
              {signs[kind] ?? '~'}
            </span>
            <span className={classes['kind']}>{kind}</span>
            <span>
              <b className={classes['mono']}>{path === '' ? type : path}</b>{' '}
              <span>
                <Code text={description} />
              </span>
              {note !== null && (
                <small>
                  <Code text={note} />
                </small>
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
};

interface VersionChangesProps {
  readonly event: CatalogueEvent;
  /** Undefined if there are fewer than two versions. */
  readonly compared: { readonly from: number; readonly to: number } | undefined;
  readonly onCompare: (versions: { from: number; to: number }) => void;
}

export const VersionChanges = ({ event, compared, onCompare }: VersionChangesProps) => {
  const options = event.versions.map(({ version, id }) => ({
    value: String(version),
    label: `v${version}${id === null ? ' (not released)' : ` (id ${id})`}`,
  }));
  if (compared === undefined)
    return (
      <Card title="Versions">
        <p className={classes['same']}>
          {event.versions.length === 0 || event.versions[0]?.id === null
            ? 'Not released yet.'
            : `Version 1 is the only version (schema id ${event.versions[0]?.id ?? ''}). Changes in later versions will appear here.`}
        </p>
      </Card>
    );
  const { from, to } = compared;
  return (
    <Card
      title="Versions"
      aside={
        <span className={classes['compare']}>
          <Select
            aria-label="From version"
            size="xs"
            data={options}
            value={String(from)}
            allowDeselect={false}
            onChange={(value) => onCompare({ from: Number(value), to })}
          />
          to
          <Select
            aria-label="To version"
            size="xs"
            data={options}
            value={String(to)}
            allowDeselect={false}
            onChange={(value) => onCompare({ from, to: Number(value) })}
          />
        </span>
      }
    >
      <Changes type={event.type} from={from} to={to} />
    </Card>
  );
};
