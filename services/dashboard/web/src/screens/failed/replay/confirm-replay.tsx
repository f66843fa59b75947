// Asks before a whole cause is replayed: what was handled cannot be undone.
import { Button, Modal } from '@mantine/core';
import { causeOf, messages } from '../cause.ts';
import type { Group } from './use-group-replay.ts';
import classes from './replay.module.css';

interface ConfirmReplayProps {
  /** Undefined while nothing is asked. */
  readonly group: Group | undefined;
  readonly onConfirm: (group: Group) => void;
  readonly onClose: () => void;
}
export const ConfirmReplay = ({ group, onConfirm, onClose }: ConfirmReplayProps) => (
  <Modal opened={group !== undefined} onClose={onClose} title={group && `Replay ${messages(group.count)}?`}>
    {group !== undefined && (
      <>
        <p>
          The {group.service} service handles each <b>{causeOf(group.fingerprint).eventType ?? 'message'}</b>{' '}
          again, once. What was handled cannot be undone. What fails again keeps waiting here.
        </p>
        <p className={classes['hint']}>Remove the cause first, or they fail again.</p>
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
