// Archives a dead letter, which cannot be undone. The reason is stored with the dead letter and in the audit log.
import { Button, Modal, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Problem } from '../../../api/request.ts';
import { useIdempotentPost } from '../../../api/use-idempotent-post.ts';
import type { DeadLetterSummary, ServiceName } from '../../../api/types.ts';
import { DialogButtons } from '../../../parts/dialog-buttons.tsx';
import { ErrorMessage } from '../../../parts/states.tsx';
import classes from './letter.module.css';

interface ArchiveDialogProps {
  readonly service: ServiceName;
  readonly id: string;
  readonly opened: boolean;
  readonly onClose: () => void;
}

/** The validation error of the reason field, from the service. */
const fieldErrorOf = (error: unknown): string | undefined =>
  error instanceof Problem ? error.fields[0]?.message : undefined;

export const ArchiveDialog = ({ service, id, opened, onClose }: ArchiveDialogProps) => {
  const [reason, setReason] = useState('');
  const client = useQueryClient();
  const archive = useIdempotentPost<DeadLetterSummary, { readonly reason: string }>(
    `/api/${service}/dead-letters/${id}/archive`,
    {
      onSuccess: onClose,
      onSettled: () => client.invalidateQueries({ queryKey: ['dead-letters', service] }),
    },
  );
  const fieldError = fieldErrorOf(archive.error);
  return (
    <Modal opened={opened} onClose={onClose} title="Archive this dead letter?">
      <form
        className={classes['form']}
        onSubmit={(event) => {
          event.preventDefault();
          archive.mutate({ reason: reason.trim() });
        }}
      >
        <p>The {service} service will never handle this event. An archived dead letter cannot be replayed.</p>
        <Textarea
          label="Reason"
          description="Recorded in the audit log."
          required
          maxLength={500}
          autosize
          minRows={3}
          data-autofocus
          value={reason}
          error={fieldError}
          onChange={({ currentTarget: { value } }) => setReason(value)}
        />
        {archive.error !== null && fieldError === undefined && <ErrorMessage error={archive.error} />}
        <DialogButtons>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color="bad" loading={archive.isPending} disabled={reason.trim() === ''}>
            Archive
          </Button>
        </DialogButtons>
      </form>
    </Modal>
  );
};
