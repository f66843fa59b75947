// Restarts, pauses or resumes a connector, after a dialog that explains the consequences.
import { Button, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Pause, Play, RotateCw } from 'lucide-react';
import { useEffect, useState } from 'react';
import { pipelinesQuery } from '../../api/admin-queries.ts';
import { request } from '../../api/request.ts';
import type { ConnectorAction, Pipeline } from '../../api/types.ts';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Failed } from '../../parts/states.tsx';
import { restartHelps } from './causes.ts';
import classes from './pipelines.module.css';

interface ActionTexts {
  readonly verb: string;
  readonly meaning: string;
  /** Shown until the connector has reached the new state. */
  readonly inProgress: string;
  readonly Icon: typeof Pause;
}
const texts: Readonly<Record<ConnectorAction, ActionTexts>> = {
  restart: {
    verb: 'Restart',
    meaning:
      'The connector and its task restart and continue from the stored offset. No event is lost, and consumers discard events that are published again.',
    inProgress: 'restarting',
    Icon: RotateCw,
  },
  pause: {
    verb: 'Pause',
    meaning:
      'Events of this service do not reach Kafka until somebody resumes the connector, so orders are delayed. PostgreSQL retains the WAL, which grows. The watchdog does not restart a paused connector.',
    inProgress: 'pausing',
    Icon: Pause,
  },
  resume: {
    verb: 'Resume',
    meaning: 'The waiting events are published in their original order.',
    inProgress: 'resuming',
    Icon: Play,
  },
};

const targetStates = { restart: 'running', pause: 'paused', resume: 'running' } as const;

export const ConnectorActions = ({ pipeline }: { pipeline: Pipeline }) => {
  const { service, connectorName, connector } = pipeline;
  const [selected, setSelected] = useState<ConnectorAction>('restart');
  const [opened, setOpened] = useState(false);
  const [done, setDone] = useState<ConnectorAction>();
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: (action: ConnectorAction) =>
      request(`/api/auditor/connectors/${service}/${action}`, { method: 'POST' }),
    onSuccess: (_answer, action) => {
      setOpened(false);
      setDone(action);
    },
    onSettled: () => client.invalidateQueries({ queryKey: pipelinesQuery.queryKey }),
  });
  const available: readonly ConnectorAction[] =
    connector.state === 'paused' ? ['resume', 'restart'] : ['restart', 'pause'];
  const { verb, meaning } = texts[selected];
  // The auditor polls every few seconds. Until it has seen the new state, the action is shown as in progress.
  const isInProgress = done !== undefined && (done === 'restart' || connector.state !== targetStates[done]);
  useEffect(() => {
    if (!isInProgress) return undefined;
    const poll = setInterval(
      () => void client.invalidateQueries({ queryKey: pipelinesQuery.queryKey }),
      1_000,
    );
    // The state after a restart is the state before it, so the end of a restart cannot be observed.
    const end = setTimeout(() => setDone(undefined), done === 'restart' ? 4_000 : 20_000);
    return () => {
      clearInterval(poll);
      clearTimeout(end);
    };
  }, [client, done, isInProgress]);
  return (
    <>
      <span role="status">
        {isInProgress && <StateBadge tone="wait">{texts[done].inProgress}</StateBadge>}
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
              ? { title: 'A restart does not help while the replication slot is missing.' }
              : {})}
            onClick={() => {
              act.reset();
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
          <p>{meaning}</p>
          <p className={classes['quiet']}>
            This action is recorded in the audit log of the {service} service.
          </p>
          {act.isError && <Failed error={act.error} />}
          <div className={classes['buttons']}>
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
              loading={act.isPending}
              onClick={() => {
                act.mutate(selected);
              }}
            >
              {verb}
            </Button>
          </div>
        </div>
      </Modal>
    </>
  );
};
