// One entry of the audit log: a line with the action and its outcome. A click on the line shows all details.
import { UnstyledButton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import { useId, useState } from 'react';
import type { AuditEntry } from '../../api/types.ts';
import { CopyId } from '../../parts/copy-id.tsx';
import { formatInstant, formatNumber, formatRelative, shortId } from '../../parts/format.ts';
import { StateBadge, type Tone } from '../../parts/state-badge.tsx';
import classes from './audit-log-page.module.css';
import { humanizeCode, type Outcome } from './audit-search.ts';

const tones: Readonly<Record<Outcome, Tone>> = { accepted: 'ok', ignored: 'neutral', refused: 'bad' };

/** Whether the resource of the entry is an order id. An action is named after its permission, such as `orders.cancel`. */
const isAboutOrder = ({ action }: AuditEntry): boolean => /^(?:orders|payments|reservations)\./.test(action);

const Details = ({ entry }: { entry: AuditEntry }) => (
  <dl className={classes['details']}>
    <div>
      <dt>When</dt>
      <dd>{formatInstant(entry.at)}</dd>
    </div>
    <div>
      <dt>Subject</dt>
      <dd>
        <CopyId id={entry.subject} whole /> as {entry.roles.join(', ') || 'no role'}
      </dd>
    </div>
    <div>
      <dt>Resource</dt>
      <dd>
        {entry.resource === null ? 'None' : <CopyId id={entry.resource} whole />}
        {entry.resource !== null && isAboutOrder(entry) && (
          <>
            {' '}
            <Link to="/all-orders/$id" params={{ id: entry.resource }}>
              Show the order
            </Link>
          </>
        )}
      </dd>
    </div>
    {entry.code !== null && (
      <div>
        <dt>Reason</dt>
        <dd>
          {humanizeCode(entry.code)}
          {entry.status !== null && ` (HTTP ${entry.status})`}
        </dd>
      </div>
    )}
    <div>
      <dt>Correlation id</dt>
      <dd>
        <CopyId id={entry.correlationId} whole />
      </dd>
    </div>
    <div>
      <dt>Request id</dt>
      <dd>
        <CopyId id={entry.requestId} whole />
      </dd>
    </div>
    <div>
      <dt>Hash chain</dt>
      <dd>
        {entry.position === null
          ? 'Not part of the hash chain yet. Entries are added within about a second.'
          : `Position ${formatNumber(entry.position)}`}
      </dd>
    </div>
  </dl>
);

/** @param now Milliseconds since 1970. */
export const AuditLine = ({ entry, now }: { entry: AuditEntry; now: number }) => {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const { outcome, action, subject, resource, code, at } = entry;
  return (
    <li>
      <UnstyledButton
        className={classes['line']}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        <ChevronRight className={classes['chevron']} size={15} aria-hidden="true" />
        <StateBadge tone={tones[outcome]}>{outcome.toUpperCase()}</StateBadge>
        <span className={classes['what']}>
          <b>{action}</b>
          {code !== null && <span className={classes['why']}>{humanizeCode(code)}</span>}
        </span>
        <span className={classes['who']}>{subject}</span>
        <span className={classes['about']}>{resource === null ? '' : shortId(resource)}</span>
        <time dateTime={at} title={formatInstant(at)}>
          {formatRelative(at, Math.max(now, Date.parse(at)))}
        </time>
      </UnstyledButton>
      <div id={id} hidden={!isOpen}>
        {isOpen && <Details entry={entry} />}
      </div>
    </li>
  );
};
