// Restart, pause and resume of a connector, each after a question that says what it means.
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

interface Words {
  readonly verb: string;
  readonly meaning: string;
  /** While the connector gets there. */
  readonly going: string;
  readonly Icon: typeof Pause;
}
const words: Readonly<Record<ConnectorAction, Words>> = {
  restart: {
    verb: 'Restart',
    meaning:
      'The connector and its task start again and go on where they were. Nothing is lost; what is published again is recognised.',
    going: 'restarting',
    Icon: RotateCw,
  },
  pause: {
    verb: 'Pause',
    meaning:
      'No event of this service reaches Kafka until somebody resumes it: orders wait. The WAL is kept for it and grows. The watchdog leaves a paused connector alone.',
    going: 'pausing',
    Icon: Pause,
  },
  resume: {
    verb: 'Resume',
    meaning: 'Events that have waited are published now, in their order.',
    going: 'resuming',
    Icon: Play,
  },
};

const aimOf = { restart: 'running', pause: 'paused', resume: 'running' } as const;

export const ConnectorActions = ({ pipeline }: { pipeline: Pipeline }) => {
  const { service, connectorName, connector } = pipeline;
  const [asked, setAsked] = useState<ConnectorAction>('restart');
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
  const offered: readonly ConnectorAction[] =
    connector.state === 'paused' ? ['resume', 'restart'] : ['restart', 'pause'];
  const { verb, meaning } = words[asked];
  // The auditor looks every few seconds: until it has seen what was done, the page says that it is under way.
  const isUnderWay = done !== undefined && (done === 'restart' || connector.state !== aimOf[done]);
  useEffect(() => {
    if (!isUnderWay) return undefined;
    const look = setInterval(
      () => void client.invalidateQueries({ queryKey: pipelinesQuery.queryKey }),
      1_000,
    );
    // A running connector is running after a restart as well.
    const end = setTimeout(() => setDone(undefined), done === 'restart' ? 4_000 : 20_000);
    return () => {
      clearInterval(look);
      clearTimeout(end);
    };
  }, [client, done, isUnderWay]);
  return (
    <>
      <span role="status">{isUnderWay && <StateBadge tone="wait">{words[done].going}</StateBadge>}</span>
      {offered.map((action) => {
        const { verb: label, Icon } = words[action];
        return (
          <Button
            key={action}
            size="xs"
            variant="default"
            leftSection={<Icon size={13} aria-hidden="true" />}
            aria-label={`${label} ${connectorName}`}
            disabled={isUnderWay || (action === 'restart' && !restartHelps(pipeline.problems))}
            {...(action === 'restart' && !restartHelps(pipeline.problems)
              ? { title: 'A restart does not help while the replication slot is missing.' }
              : {})}
            onClick={() => {
              act.reset();
              setAsked(action);
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
          <p className={classes['quiet']}>Your name goes into the audit log of the {service} service.</p>
          {act.isError && <Failed error={act.error} />}
          <div className={classes['buttons']}>
            <Button
              variant="default"
              onClick={() => {
                setOpened(false);
              }}
            >
              Leave it
            </Button>
            <Button
              color={asked === 'pause' ? 'bad' : 'accent'}
              loading={act.isPending}
              onClick={() => {
                act.mutate(asked);
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
