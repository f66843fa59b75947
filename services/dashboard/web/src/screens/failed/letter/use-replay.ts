// Replays one dead letter. A replay is idempotent: after a lost response the user can replay the dead letter again.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { request, type Problem } from '../../../api/request.ts';
import type { Replayed, ServiceName } from '../../../api/types.ts';

export const useReplay = (service: ServiceName, id: string) => {
  const client = useQueryClient();
  return useMutation<Replayed, Problem>({
    mutationFn: () => request<Replayed>(`/api/${service}/dead-letters/${id}/replay`, { method: 'POST' }),
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
