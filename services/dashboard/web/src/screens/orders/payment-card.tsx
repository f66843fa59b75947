// The state of the payment of an order, or the form to pay if the customer chose to pay later and has not paid yet.
import { Button, SegmentedControl } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Order, Payment } from '../../api/types.ts';
import { useIdempotentPost } from '../../api/use-idempotent-post.ts';
import { Card } from '../../parts/card.tsx';
import { formatCountdown, formatMoney } from '../../parts/format.ts';
import { StateBadge, type Tone } from '../../parts/state-badge.tsx';
import { ErrorMessage } from '../../parts/states.tsx';
import { useNow } from '../../parts/when.tsx';
import { testCards } from '../shop/test-cards.ts';
import { whyNotCancellable } from './order-texts.ts';
import classes from './payment-card.module.css';

const badges: Readonly<Record<Payment['state'], readonly [Tone, string]>> = {
  PENDING: ['wait', 'NOT CHARGED'],
  UNKNOWN: ['wait', 'PROCESSING'],
  SUCCEEDED: ['ok', 'CHARGED'],
  FAILED: ['bad', 'DECLINED'],
  REFUNDED: ['neutral', 'REFUNDED'],
};

const declineReasons: Readonly<Record<string, string>> = {
  insufficient_funds: ' because of insufficient funds',
};

interface PaymentCardProps {
  readonly order: Order;
  readonly state: Payment['state'];
  /** The reason why the card was declined; null if the card was not declined. */
  readonly failureCode: string | null;
}

const describePayment = ({ order, state, failureCode }: PaymentCardProps): string => {
  const amount = formatMoney(order.total);
  switch (state) {
    case 'SUCCEEDED':
      return order.status === 'CANCELLED'
        ? `${amount} was charged and is being refunded.`
        : whyNotCancellable(order) !== undefined
          ? `${amount} was charged.`
          : `${amount} was charged. If you cancel before shipping, you get a full refund.`;
    case 'REFUNDED':
      return `${amount} was charged and fully refunded.`;
    case 'FAILED':
      return `Your card was declined${declineReasons[failureCode ?? ''] ?? ''}. You were not charged.`;
    case 'UNKNOWN':
      return order.status === 'CANCELLED'
        ? 'The payment provider has not confirmed the payment yet. If your card was charged, you get a full refund.'
        : 'The payment provider has not confirmed the payment yet. You will not be charged twice.';
    case 'PENDING':
      if (order.status === 'CANCELLED') return 'You were not charged.';
      return order.payment.mode === 'MANUAL'
        ? `You can pay ${amount} here once your items are reserved.`
        : `${amount} will be charged.`;
  }
};

const Countdown = ({ until }: { until: string }) => {
  const now = useNow(1_000);
  return (
    <p>
      Your items are reserved for another{' '}
      <b role="timer" className={classes['countdown']}>
        {formatCountdown(until, now)}
      </b>
    </p>
  );
};

const PayForm = ({ order }: { order: Order }) => {
  const [token, setToken] = useState<string>(testCards[0].token);
  const client = useQueryClient();
  const pay = useIdempotentPost<Payment, { readonly token: string }>(
    `/api/payment/payments/${order.id}/pay`,
    {
      onSettled: () => client.invalidateQueries({ queryKey: ['orders', order.id] }),
    },
  );
  const { expiresAt } = order.reservation;
  return (
    <div className={classes['form']}>
      {expiresAt !== null && <Countdown until={expiresAt} />}
      <SegmentedControl
        aria-label="Test card"
        fullWidth
        value={token}
        onChange={setToken}
        data={testCards.map(({ token: value, label }) => ({ value, label }))}
      />
      <p>If the card is declined, the order is cancelled and you are not charged.</p>
      {pay.isError && <ErrorMessage error={pay.error} />}
      <Button fullWidth loading={pay.isPending || pay.isSuccess} onClick={() => pay.mutate({ token })}>
        Pay {formatMoney(order.total)}
      </Button>
    </div>
  );
};

export const PaymentCard = (props: PaymentCardProps) => {
  const { order, state } = props;
  const [tone, label] = badges[state];
  const isPayable = order.payment.mode === 'MANUAL' && order.status === 'CONFIRMED' && state === 'PENDING';
  return (
    <Card title="Payment" aside={<StateBadge tone={tone}>{label}</StateBadge>}>
      {isPayable ? <PayForm order={order} /> : <p>{describePayment(props)}</p>}
    </Card>
  );
};
