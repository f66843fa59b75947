// One cause: the service, the event, the error, the count, and when it was first and last seen.
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { RotateCcw } from 'lucide-react';
import type { DeadLetterGroup, ServiceName } from '../../api/types.ts';
import { formatNumber } from '../../parts/format.ts';
import { StateBadge } from '../../parts/state-badge.tsx';
import { When } from '../../parts/when.tsx';
import { causeOf, failureOf, messageOf, deadLetters } from './cause.ts';
import classes from './failed.module.css';
import type { Group } from './replay/use-group-replay.ts';
import { ServiceMark } from './service-mark.tsx';

interface GroupRowProps {
  readonly group: DeadLetterGroup & { readonly service: ServiceName };
  /** The count in relation to the largest cause, 0 to 1. */
  readonly share: number;
  readonly disabled: boolean;
  readonly onReplay: (group: Group) => void;
}
export const GroupRow = ({ group, share, disabled, onReplay }: GroupRowProps) => {
  const { service, fingerprint, count, firstAt, lastAt, sampleError } = group;
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
          <span>{causeOf(fingerprint).kind}</span>
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
          <i style={{ width: `${Math.max(3, 100 * share)}%` }} />
        </span>
      </div>
      <Button
        variant="default"
        size="xs"
        leftSection={<RotateCcw size={14} aria-hidden="true" />}
        disabled={disabled}
        aria-label={`Replay ${deadLetters(count)}: ${service} ${failureOf(fingerprint)}`}
        onClick={() => onReplay(group)}
      >
        Replay {formatNumber(count)}
      </Button>
    </li>
  );
};
