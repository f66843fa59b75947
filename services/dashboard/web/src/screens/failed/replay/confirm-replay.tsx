// The confirmation before all dead letters of a cause are replayed, which cannot be undone.
import { Button, Modal } from '@mantine/core';
import { causeOf, deadLetters } from '../cause.ts';
import type { Group } from './use-group-replay.ts';
import classes from './replay.module.css';

interface ConfirmReplayProps {
  /** Undefined while the dialog is closed. */
  readonly group: Group | undefined;
  readonly onConfirm: (group: Group) => void;
  readonly onClose: () => void;
}
export const ConfirmReplay = ({ group, onConfirm, onClose }: ConfirmReplayProps) => (
  <Modal
    opened={group !== undefined}
    onClose={onClose}
    title={group && `Replay ${deadLetters(group.count)}?`}
  >
    {group !== undefined && (
      <>
        <p>
          The {group.service} service processes each{' '}
          <b>{causeOf(group.fingerprint).eventType ?? 'dead letter'}</b> again. This cannot be undone. Dead
          letters that fail again stay open.
        </p>
        <p className={classes['hint']}>Fix the cause first, or they will fail again.</p>
        <div className={classes['buttons']}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button data-autofocus onClick={() => onConfirm(group)}>
            Replay {group.count}
          </Button>
        </div>
      </>
    )}
  </Modal>
);
