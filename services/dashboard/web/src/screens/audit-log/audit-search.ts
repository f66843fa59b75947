// The URL parameters of the audit log: the service and the filters.
import type { AuditEntry, ServiceName } from '../../api/types.ts';
import { textsIn } from '../../parts/search-texts.ts';
import { serviceNames } from '../../parts/service-names.ts';

export type Outcome = AuditEntry['outcome'];

export interface AuditSearch {
  readonly service?: ServiceName;
  readonly subject?: string;
  readonly action?: string;
  readonly outcome?: Outcome;
  /** ISO 8601, inclusive. */
  readonly from?: string;
  /** ISO 8601, exclusive. */
  readonly to?: string;
}

const outcomes: readonly Outcome[] = ['accepted', 'ignored', 'refused'];

const instantIn = (value: unknown): string | undefined => {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
};

export const toAuditSearch = (search: Readonly<Record<string, unknown>>): AuditSearch => {
  const service = serviceNames.find((name) => name === search['service']);
  const outcome = outcomes.find((name) => name === search['outcome']);
  const [from, to] = [instantIn(search['from']), instantIn(search['to'])];
  return {
    ...(service === undefined ? {} : { service }),
    ...textsIn(search, 'subject', 'action'),
    ...(outcome === undefined ? {} : { outcome }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
};

/** The value of a `datetime-local` field, in the time zone of the browser; the empty string for undefined. */
export const toLocalField = (iso: string | undefined): string => {
  if (iso === undefined) return '';
  const instant = new Date(iso);
  return new Date(instant.getTime() - instant.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

/** A problem code with spaces in place of underscores and hyphens. */
export const humanizeCode = (code: string): string => code.replaceAll(/[_-]+/g, ' ');
