// The progress and the result of replaying the dead letters that have the same cause.
import { Button, Progress } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Square } from 'lucide-react';
import { useMemo } from 'react';
import type { Replayed } from '../../../api/types.ts';
import { Card } from '../../../parts/card.tsx';
import { DataTable, type Column } from '../../../parts/data-table.tsx';
import { formatNumber, shortId } from '../../../parts/format.ts';
import { ErrorMessage } from '../../../parts/states.tsx';
import { messageOf } from '../cause.ts';
import { failuresOf, untriedOf } from './replay-run.ts';
import classes from './replay.module.css';
import type { Cause, CauseReplay, CauseReplays } from './use-cause-replay.ts';

const columnsOf = ({ service, fingerprint }: Cause): readonly Column<Replayed>[] => [
  {
    id: 'letter',
    header: 'Dead letter',
    value: ({ id }) => id,
    cell: ({ id }) => (
      <Link to="/failed" search={{ service, cause: fingerprint, letter: id }}>
        <code className={classes['id']}>{shortId(id)}</code>
      </Link>
    ),
  },
  {
    id: 'reason',
    header: 'Error',
    value: ({ reason = '' }) => reason,
    cell: ({ reason = 'unknown error' }) => <span className={classes['reason']}>{messageOf(reason)}</span>,
  },
];

const titles: Readonly<Record<CauseReplay['phase'], string>> = {
  running: 'Replaying',
  stopping: 'Stopping after the current batch',
  stopped: 'Replay stopped',
  done: 'Replay finished',
};

const Counts = ({ replay: { run, cause } }: { replay: CauseReplay }) => {
  const failed = run === undefined ? 0 : failuresOf(run).length;
  const counts = [
    ['Succeeded', (run?.results.size ?? 0) - failed, 'ok'],
    ['Failed again', failed, 'bad'],
    ['Still open', run?.remaining ?? cause.count, undefined],
  ] as const;
  return (
    <dl className={classes['figures']}>
      {counts.map(([name, value, tone]) => (
        <div key={name} data-tone={value > 0 ? tone : undefined}>
          <dt>{name}</dt>
          <dd>{formatNumber(value)}</dd>
        </div>
      ))}
    </dl>
  );
};

interface ReplayCardProps {
  readonly replay: CauseReplay;
  readonly replays: CauseReplays;
}
export const ReplayCard = ({ replay, replays: { isRunning, stop, dismiss } }: ReplayCardProps) => {
  const { cause, run, phase, error } = replay;
  const columns = useMemo(() => columnsOf(cause), [cause]);
  const failures = useMemo(() => (run === undefined ? [] : failuresOf(run)), [run]);
  const tried = run?.results.size ?? 0;
  const untried = run === undefined ? cause.count : untriedOf(run);
  return (
    <Card
      flush
      title={titles[phase]}
      aside={
        isRunning ? (
          <Button
            variant="default"
            size="xs"
            leftSection={<Square size={12} aria-hidden="true" />}
            disabled={phase === 'stopping'}
            onClick={stop}
          >
            Stop
          </Button>
        ) : (
          <Button variant="default" size="xs" onClick={dismiss}>
            Dismiss
          </Button>
        )
      }
    >
      <div className={classes['run']}>
        <Progress
          aria-label="Progress"
          value={tried + untried === 0 ? 100 : (100 * tried) / (tried + untried)}
          animated={isRunning}
          color={failures.length > 0 ? 'bad' : 'accent'}
        />
        <Counts replay={replay} />
        <p role="status" className={classes['hint']}>
          {phase === 'done' && failures.length === 0 && untried === 0 && 'All dead letters were handled.'}
          {phase === 'done' &&
            failures.length > 0 &&
            'Dead letters that failed again stay open. Fix the cause and replay them, or archive them.'}
          {run?.endedEarly === true &&
            ' The service ended the replay early because of a temporary failure, which would affect the other dead letters too. Try again in a moment.'}
          {!isRunning &&
            run?.endedEarly !== true &&
            untried > 0 &&
            ` ${formatNumber(untried)} ${untried === 1 ? 'dead letter was' : 'dead letters were'} not replayed.`}
        </p>
        {error !== null && <ErrorMessage error={error} />}
      </div>
      {failures.length > 0 && (
        <DataTable
          label="Dead letters that failed again"
          columns={columns}
          rows={failures}
          rowId={({ id }) => id}
          csv="failed-again"
          minWidth={520}
        />
      )}
    </Card>
  );
};
