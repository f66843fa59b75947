// One row of the list of causes: the service, the event type, the error, the number of dead letters, and the times of the first
// and the last dead letter.
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { RotateCcw } from 'lucide-react';
import type { DeadLetterCause, ServiceName } from '../../api/types.ts';
import { formatCount, formatNumber } from '../../parts/format.ts';
import { StateBadge } from '../../parts/state-badge.tsx';
import { When } from '../../parts/when.tsx';
import { failureOf, messageOf, parseFingerprint } from './cause.ts';
import classes from './failed.module.css';
import type { Cause } from './replay/use-cause-replay.ts';
import { ServiceMark } from './service-mark.tsx';

interface CauseRowProps {
  readonly cause: DeadLetterCause & { readonly service: ServiceName };
  /** The count divided by the count of the most frequent cause: 0 to 1. */
  readonly relativeCount: number;
  readonly disabled: boolean;
  readonly onReplay: (cause: Cause) => void;
}
export const CauseRow = ({ cause, relativeCount, disabled, onReplay }: CauseRowProps) => {
  const { service, fingerprint, count, firstAt, lastAt, sampleError } = cause;
  return (
    <li>
      <div className={classes['cause']}>
        <p className={classes['name']}>
          <ServiceMark service={service} />{' '}
          <Link to="/failed" search={{ service, cause: fingerprint }} className={classes['open']}>
            {failureOf(fingerprint)}
          </Link>
        </p>
        <p className={classes['error']}>{messageOf(sampleError)}</p>
        <p className={classes['small']}>
          <span>{parseFingerprint(fingerprint).errorKind}</span>
          <span>
            First seen <When at={firstAt} />
          </span>
          <span>
            Last seen <When at={lastAt} />
          </span>
        </p>
      </div>
      <div className={classes['count']}>
        <StateBadge tone="bad">{formatNumber(count)} open</StateBadge>
        <span className={classes['share']} aria-hidden="true">
          <i style={{ width: `${Math.max(3, 100 * relativeCount)}%` }} />
        </span>
      </div>
      <Button
        variant="default"
        size="xs"
        leftSection={<RotateCcw size={14} aria-hidden="true" />}
        disabled={disabled}
        aria-label={`Replay ${formatCount(count, 'dead letter')}: ${service} ${failureOf(fingerprint)}`}
        onClick={() => onReplay(cause)}
      >
        Replay {formatNumber(count)}
      </Button>
    </li>
  );
};
