// What became of a failed message, and the filter by it.
import { SegmentedControl } from '@mantine/core';
import type { DeadLetterState } from '../../api/types.ts';
import { StateBadge, type Tone } from '../../parts/state-badge.tsx';

const words: Readonly<Record<DeadLetterState, { readonly label: string; readonly tone: Tone }>> = {
  parked: { label: 'Waiting', tone: 'bad' },
  replayed: { label: 'Replayed', tone: 'ok' },
  archived: { label: 'Archived', tone: 'undo' },
};

export const LetterStateBadge = ({ state }: { state: DeadLetterState }) => (
  <StateBadge tone={words[state].tone}>{words[state].label.toUpperCase()}</StateBadge>
);

interface StateFilterProps {
  readonly state: DeadLetterState;
  readonly onChange: (state: DeadLetterState) => void;
}
export const StateFilter = ({ state, onChange }: StateFilterProps) => (
  <SegmentedControl
    aria-label="State"
    value={state}
    onChange={onChange}
    data={[
      { value: 'parked', label: words.parked.label },
      { value: 'replayed', label: words.replayed.label },
      { value: 'archived', label: words.archived.label },
    ]}
  />
);
