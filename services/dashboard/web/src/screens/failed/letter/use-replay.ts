// Replays one message. The service handles it once, however often it is asked, so a lost answer is simply asked again.
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

export const outcomeInWords = ({ outcome, reason }: Replayed): string => {
  switch (outcome) {
    case 'accepted':
      return 'Replayed: the service has handled it.';
    case 'ignored':
      return `Replayed: the service had nothing to do${reason === undefined ? '' : ` (${reason})`}.`;
    case 'duplicate':
      return 'It was handled before. Nothing changed.';
    case 'failed':
      return '';
  }
};
