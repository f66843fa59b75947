// One cause of one service: its error, its replay and its dead letters.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { RotateCcw } from 'lucide-react';
import { deadLetterCausesQuery } from '../../api/admin-queries.ts';
import type { DeadLetterState, ServiceName } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatNumber } from '../../parts/format.ts';
import { liveStateOf, LiveMark } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { When } from '../../parts/when.tsx';
import { failureOf, messageOf, parseFingerprint, serviceTitle } from './cause.ts';
import classes from './failed.module.css';
import { StateFilter } from './letter-state.tsx';
import { LettersTable } from './letters-table.tsx';
import { ReplayCard } from './replay/replay-card.tsx';
import type { Cause, CauseReplays } from './replay/use-cause-replay.ts';
import { ServiceMark } from './service-mark.tsx';

interface CauseViewProps {
  readonly service: ServiceName;
  readonly fingerprint: string;
  readonly state: DeadLetterState;
  readonly replays: CauseReplays;
  readonly onReplay: (cause: Cause) => void;
}
export const CauseView = ({ service, fingerprint, state, replays, onReplay }: CauseViewProps) => {
  const navigate = useNavigate({ from: '/failed' });
  const query = useQuery(deadLetterCausesQuery(service));
  const cause = query.data?.find((candidate) => candidate.fingerprint === fingerprint);
  const { replay } = replays;
  const isReplayed = replay?.cause.service === service && replay.cause.fingerprint === fingerprint;
  return (
    <Page
      title={`${serviceTitle(service)} ${failureOf(fingerprint)}`}
      crumb={
        <>
          <Link to="/failed">Dead letters</Link> / <ServiceMark service={service} />
        </>
      }
      beside={cause && <StateBadge tone="bad">{formatNumber(cause.count)} open</StateBadge>}
      actions={
        <>
          <LiveMark state={liveStateOf(query)} />
          {cause !== undefined && (
            <Button
              leftSection={<RotateCcw size={15} aria-hidden="true" />}
              disabled={replays.isRunning}
              onClick={() => onReplay({ service, fingerprint, count: cause.count })}
            >
              Replay {formatNumber(cause.count)}
            </Button>
          )}
        </>
      }
    >
      <Card>
        <div className={classes['cause']}>
          {cause !== undefined && <p className={classes['whole']}>{messageOf(cause.sampleError)}</p>}
          <p className={classes['small']}>
            <span>{parseFingerprint(fingerprint).errorKind}</span>
            {cause !== undefined && (
              <>
                <span>
                  First seen <When at={cause.firstAt} />
                </span>
                <span>
                  Last seen <When at={cause.lastAt} />
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
                search: { service, cause: fingerprint, ...(next === 'parked' ? {} : { state: next }) },
                resetScroll: false,
              })
            }
          />
        }
      >
        <LettersTable service={service} state={state} fingerprint={fingerprint} />
      </Card>
    </Page>
  );
};
