import type { OrderHistory } from '../../api/types.ts';
import { formatDateTime, formatDuration, formatInstant } from '../../parts/format.ts';
import { Loading } from '../../parts/states.tsx';
import classes from './history.module.css';
import { describeEntry, toneOf } from './order-texts.ts';

/**
 * The history of an order, oldest entry first. The first entry shows its date and time. Entries less than a minute later show the
 * time since the first entry. All other entries show their date and time.
 */
export const History = ({ history }: { history: OrderHistory | undefined }) => {
  if (history === undefined) return <Loading lines={3} />;
  const entries = history.flatMap((entry, index) => {
    const text = describeEntry(entry, history.slice(0, index));
    return text === undefined ? [] : [{ text, tone: toneOf(entry), at: entry.occurredAt, id: entry.inputId }];
  });
  const startedAt = Date.parse(entries[0]?.at ?? '');
  return (
    <ol className={classes['history']}>
      {entries.map(({ text, tone, at, id }, index) => {
        const elapsedMs = Date.parse(at) - startedAt;
        return (
          <li key={id} data-tone={tone}>
            {text}
            <time dateTime={at} title={formatInstant(at)}>
              {index === 0
                ? formatDateTime(at)
                : elapsedMs < 60_000
                  ? `after ${formatDuration(elapsedMs)}`
                  : formatDateTime(at)}
            </time>
          </li>
        );
      })}
    </ol>
  );
};
