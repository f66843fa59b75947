import type { Trail } from '../../api/types.ts';
import { formatDateTime, formatDuration, formatInstant, formatTime } from '../../parts/format.ts';
import { Loading } from '../../parts/states.tsx';
import classes from './history.module.css';
import { describeEntry, toneOf } from './order-texts.ts';

/** The history of an order, oldest first. Entries within a minute of the first show the time since then. */
export const History = ({ trail }: { trail: Trail | undefined }) => {
  if (trail === undefined) return <Loading lines={3} />;
  const entries = trail.flatMap((entry, index) => {
    const text = describeEntry(entry, trail.slice(0, index));
    return text === undefined ? [] : [{ text, tone: toneOf(entry), at: entry.occurredAt, id: entry.inputId }];
  });
  const began = Date.parse(entries[0]?.at ?? '');
  return (
    <ol className={classes['history']}>
      {entries.map(({ text, tone, at, id }, index) => {
        const since = Date.parse(at) - began;
        return (
          <li key={id} data-tone={tone}>
            {text}
            <time dateTime={at} title={formatInstant(at)}>
              {index === 0
                ? formatDateTime(at)
                : since < 60_000
                  ? `${formatDuration(since)} later`
                  : formatTime(at)}
            </time>
          </li>
        );
      })}
    </ol>
  );
};
