// The dialog that asks for confirmation before all dead letters of a cause are replayed, which cannot be undone.
import { Button, Modal } from '@mantine/core';
import { DialogButtons } from '../../../parts/dialog-buttons.tsx';
import { formatCount, formatNumber } from '../../../parts/format.ts';
import { parseFingerprint } from '../cause.ts';
import type { Cause } from './use-cause-replay.ts';
import classes from './replay.module.css';

interface ConfirmReplayProps {
  /** Undefined while the dialog is closed. */
  readonly cause: Cause | undefined;
  readonly onConfirm: (cause: Cause) => void;
  readonly onClose: () => void;
}
export const ConfirmReplay = ({ cause, onConfirm, onClose }: ConfirmReplayProps) => (
  <Modal
    opened={cause !== undefined}
    onClose={onClose}
    title={cause && `Replay ${formatCount(cause.count, 'dead letter')}?`}
  >
    {cause !== undefined && (
      <>
        <p>
          The {cause.service} service processes each <b>{parseFingerprint(cause.fingerprint).eventType}</b>{' '}
          dead letter again. This cannot be undone. Dead letters that fail again stay open.
        </p>
        <p className={classes['hint']}>
          Fix the cause before the replay. Otherwise the dead letters fail again.
        </p>
        <DialogButtons>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button data-autofocus onClick={() => onConfirm(cause)}>
            Replay {formatNumber(cause.count)}
          </Button>
        </DialogButtons>
      </>
    )}
  </Modal>
);
