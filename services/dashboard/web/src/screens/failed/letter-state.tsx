// The state of a dead letter, as a badge and as a filter.
import { SegmentedControl } from '@mantine/core';
import type { DeadLetterState } from '../../api/types.ts';
import { StateBadge, type Tone } from '../../parts/state-badge.tsx';

const labels: Readonly<Record<DeadLetterState, { readonly label: string; readonly tone: Tone }>> = {
  parked: { label: 'Open', tone: 'bad' },
  replayed: { label: 'Replayed', tone: 'ok' },
  archived: { label: 'Archived', tone: 'neutral' },
};

export const LetterStateBadge = ({ state }: { state: DeadLetterState }) => (
  <StateBadge tone={labels[state].tone}>{labels[state].label.toUpperCase()}</StateBadge>
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
      { value: 'parked', label: labels.parked.label },
      { value: 'replayed', label: labels.replayed.label },
      { value: 'archived', label: labels.archived.label },
    ]}
  />
);
