// Restarts, pauses or resumes a connector, after a dialog that explains the consequences.
import { Button, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Pause, Play, RotateCw } from 'lucide-react';
import { useEffect, useState } from 'react';
import { pipelinesQuery } from '../../api/admin-queries.ts';
import { request } from '../../api/request.ts';
import type { ConnectorAction, Pipeline } from '../../api/types.ts';
import { DialogButtons } from '../../parts/dialog-buttons.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { ErrorMessage } from '../../parts/states.tsx';
import { restartHelps } from './causes.ts';
import classes from './pipelines.module.css';

interface ActionTexts {
  readonly verb: string;
  readonly consequences: string;
  /** Shown until the connector has reached the new state. */
  readonly inProgress: string;
  readonly Icon: typeof Pause;
}
const texts: Readonly<Record<ConnectorAction, ActionTexts>> = {
  restart: {
    verb: 'Restart',
    consequences:
      'The connector and its task restart and continue from the stored offset. No event is lost. Some events can be published twice, and consumers discard the duplicates.',
    inProgress: 'restarting',
    Icon: RotateCw,
  },
  pause: {
    verb: 'Pause',
    consequences:
      'Events of this service do not reach Kafka until somebody resumes the connector, so orders are delayed. PostgreSQL keeps the WAL for the connector, so disk usage grows; when the WAL exceeds max_slot_wal_keep_size, the replication slot is lost. The watchdog does not restart a paused connector.',
    inProgress: 'pausing',
    Icon: Pause,
  },
  resume: {
    verb: 'Resume',
    consequences: 'The waiting events are published in their original order.',
    inProgress: 'resuming',
    Icon: Play,
  },
};

const targetStates = { restart: 'running', pause: 'paused', resume: 'running' } as const;

export const ConnectorActions = ({ pipeline }: { pipeline: Pipeline }) => {
  const { service, connectorName, connector } = pipeline;
  const [selected, setSelected] = useState<ConnectorAction>('restart');
  const [opened, setOpened] = useState(false);
  const [requested, setRequested] = useState<ConnectorAction>();
  const client = useQueryClient();
  const perform = useMutation({
    mutationFn: (action: ConnectorAction) =>
      request(`/api/auditor/connectors/${service}/${action}`, { method: 'POST' }),
    onSuccess: (_answer, action) => {
      setOpened(false);
      setRequested(action);
    },
    onSettled: () => client.invalidateQueries({ queryKey: pipelinesQuery.queryKey }),
  });
  const available: readonly ConnectorAction[] =
    connector.state === 'paused' ? ['resume', 'restart'] : ['restart', 'pause'];
  const { verb, consequences } = texts[selected];
  // The auditor polls the connectors every few seconds. The action is shown as in progress until the auditor reports the new state,
  // for at most 20 seconds.
  const isInProgress =
    requested !== undefined && (requested === 'restart' || connector.state !== targetStates[requested]);
  // Otherwise a later change of the state by somebody else would be shown as this action.
  if (requested !== undefined && !isInProgress) setRequested(undefined);
  useEffect(() => {
    if (!isInProgress) return undefined;
    const poll = setInterval(
      () => void client.invalidateQueries({ queryKey: pipelinesQuery.queryKey }),
      1_000,
    );
    // A restart ends in the state in which it began. The page cannot see that end, so it shows the restart for a fixed time.
    const end = setTimeout(() => setRequested(undefined), requested === 'restart' ? 4_000 : 20_000);
    return () => {
      clearInterval(poll);
      clearTimeout(end);
    };
  }, [client, requested, isInProgress]);
  return (
    <>
      <span role="status">
        {isInProgress && <StateBadge tone="wait">{texts[requested].inProgress}</StateBadge>}
      </span>
      {available.map((action) => {
        const { verb: label, Icon } = texts[action];
        return (
          <Button
            key={action}
            size="xs"
            variant="default"
            leftSection={<Icon size={13} aria-hidden="true" />}
            aria-label={`${label} ${connectorName}`}
            disabled={isInProgress || (action === 'restart' && !restartHelps(pipeline.problems))}
            {...(action === 'restart' && !restartHelps(pipeline.problems)
              ? { title: 'A restart does not help while the replication slot is missing or lost.' }
              : {})}
            onClick={() => {
              perform.reset();
              setSelected(action);
              setOpened(true);
            }}
          >
            {label}
          </Button>
        );
      })}
      <Modal
        opened={opened}
        onClose={() => {
          setOpened(false);
        }}
        title={`${verb} ${connectorName}?`}
      >
        <div className={classes['dialog']}>
          <p>{consequences}</p>
          <p className={classes['quiet']}>
            This action is recorded in the audit log of the {service} service.
          </p>
          {perform.isError && <ErrorMessage error={perform.error} />}
          <DialogButtons>
            <Button
              variant="default"
              onClick={() => {
                setOpened(false);
              }}
            >
              Cancel
            </Button>
            <Button
              color={selected === 'pause' ? 'bad' : 'accent'}
              loading={perform.isPending}
              onClick={() => {
                perform.mutate(selected);
              }}
            >
              {verb}
            </Button>
          </DialogButtons>
        </div>
      </Modal>
    </>
  );
};
