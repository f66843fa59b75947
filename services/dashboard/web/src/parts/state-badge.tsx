// Shows a state as a word, a shape and a colour, because colour alone is not accessible.
import type { OrderStatus } from '../api/types.ts';
import classes from './state-badge.module.css';

export type Tone = 'wait' | 'go' | 'ok' | 'bad' | 'neutral';

const shapes: Readonly<Record<Tone, React.ReactNode>> = {
  wait: <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="2" />,
  go: <path d="M2 6.5 5 9.5 10 3" stroke="currentColor" strokeWidth="2" fill="none" />,
  ok: <path d="M2 6.5 5 9.5 10 3" stroke="currentColor" strokeWidth="2" fill="none" />,
  bad: <path d="M6 1 11.5 11H.5z" fill="currentColor" />,
  neutral: (
    <path d="M3 3h4a3 3 0 0 1 0 6H3M5 1 3 3l2 2" stroke="currentColor" strokeWidth="1.6" fill="none" />
  ),
};

export const StateBadge = ({ tone, children }: { tone: Tone; children: React.ReactNode }) => (
  <span className={classes['badge']} data-tone={tone}>
    <svg viewBox="0 0 12 12" aria-hidden="true">
      {shapes[tone]}
    </svg>
    {children}
  </span>
);

const tones: Readonly<Record<OrderStatus, Tone>> = {
  PENDING: 'wait',
  CONFIRMED: 'wait',
  PAID: 'go',
  FULFILLED: 'ok',
  CANCELLED: 'neutral',
};

export const OrderStatusBadge = ({ status }: { status: OrderStatus }) => (
  <StateBadge tone={tones[status]}>{status}</StateBadge>
);
