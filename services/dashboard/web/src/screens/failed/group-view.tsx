// One cause of one service: the error, the replay and the dead letters.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { RotateCcw } from 'lucide-react';
import { deadLetterGroupsQuery } from '../../api/admin-queries.ts';
import type { DeadLetterState, ServiceName } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatNumber } from '../../parts/format.ts';
import { liveStateOf, LiveMark } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { When } from '../../parts/when.tsx';
import { causeOf, failureOf, messageOf, serviceName } from './cause.ts';
import classes from './failed.module.css';
import { StateFilter } from './letter-state.tsx';
import { LettersTable } from './letters-table.tsx';
import { ReplayCard } from './replay/replay-card.tsx';
import type { Group, GroupReplays } from './replay/use-group-replay.ts';
import { ServiceMark } from './service-mark.tsx';

interface GroupViewProps {
  readonly service: ServiceName;
  readonly cause: string;
  readonly state: DeadLetterState;
  readonly replays: GroupReplays;
  readonly onReplay: (group: Group) => void;
}
export const GroupView = ({ service, cause, state, replays, onReplay }: GroupViewProps) => {
  const navigate = useNavigate({ from: '/failed' });
  const query = useQuery(deadLetterGroupsQuery(service));
  const group = query.data?.find(({ fingerprint }) => fingerprint === cause);
  const { replay } = replays;
  const isReplayed = replay?.group.service === service && replay.group.fingerprint === cause;
  return (
    <Page
      title={`${serviceName(service)} ${failureOf(cause)}`}
      crumb={
        <>
          <Link to="/failed">Dead letters</Link> / <ServiceMark service={service} />
        </>
      }
      beside={group && <StateBadge tone="bad">{formatNumber(group.count)} open</StateBadge>}
      actions={
        <>
          <LiveMark state={liveStateOf(query)} />
          {group !== undefined && (
            <Button
              leftSection={<RotateCcw size={15} aria-hidden="true" />}
              disabled={replays.isRunning}
              onClick={() => onReplay({ service, fingerprint: cause, count: group.count })}
            >
              Replay {formatNumber(group.count)}
            </Button>
          )}
        </>
      }
    >
      <Card>
        <div className={classes['cause']}>
          {group !== undefined && <p className={classes['whole']}>{messageOf(group.sampleError)}</p>}
          <p className={classes['small']}>
            <span>{causeOf(cause).kind}</span>
            {group !== undefined && (
              <>
                <span>
                  First seen <When at={group.firstAt} />
                </span>
                <span>
                  Last seen <When at={group.lastAt} />
                </span>
              </>
            )}
          </p>
        </div>
      </Card>
      {isReplayed && <ReplayCard replay={replay} replays={replays} />}
      <Card
        flush
        title="Dead letters"
        aside={
          <StateFilter
            state={state}
            onChange={(next) =>
              void navigate({
                search: { service, cause, ...(next === 'parked' ? {} : { state: next }) },
                resetScroll: false,
              })
            }
          />
        }
      >
        <LettersTable service={service} state={state} cause={cause} />
      </Card>
    </Page>
  );
};
