// Replays one dead letter.
import { useQueryClient } from '@tanstack/react-query';
import { useIdempotentPost } from '../../../api/use-idempotent-post.ts';
import type { Replayed, ServiceName } from '../../../api/types.ts';

export const useReplay = (service: ServiceName, id: string) => {
  const client = useQueryClient();
  return useIdempotentPost<Replayed>(`/api/${service}/dead-letters/${id}/replay`, {
    onSettled: () => client.invalidateQueries({ queryKey: ['dead-letters', service] }),
  });
};

export const describeReplay = ({ outcome, reason }: Replayed): string => {
  switch (outcome) {
    case 'accepted':
      return 'Replayed. The service handled the event.';
    case 'ignored':
      return `Replayed. The service ignored the event${reason === undefined ? '' : ` (${reason})`}.`;
    case 'duplicate':
      return 'The event was already handled. Nothing changed.';
    case 'failed':
      return '';
  }
};
