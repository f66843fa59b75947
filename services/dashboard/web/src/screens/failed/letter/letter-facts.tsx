// The facts about a dead letter: service, attempts, times, Kafka position, and who resolved it.
import type { ServiceName, WholeDeadLetter } from '../../../api/types.ts';
import { Card } from '../../../parts/card.tsx';
import { CopyId } from '../../../parts/copy-id.tsx';
import { formatInstant, formatNumber } from '../../../parts/format.ts';
import { When } from '../../../parts/when.tsx';
import { ServiceMark } from '../service-mark.tsx';
import classes from './letter.module.css';

type Facts = readonly (readonly [name: string, value: React.ReactNode])[];

const FactList = ({ facts }: { facts: Facts }) => (
  <dl className={classes['facts']}>
    {facts.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

const Time = ({ iso }: { iso: string }) => (
  <>
    <When at={iso} />
    <small>{formatInstant(iso)}</small>
  </>
);

interface LetterFactsProps {
  readonly service: ServiceName;
  readonly letter: WholeDeadLetter;
}
export const LetterFacts = ({ service, letter }: LetterFactsProps) => {
  const { settledAt, settledBy, archiveReason, eventId, key } = letter;
  return (
    <>
      {settledAt !== null && (
        <Card title={letter.state === 'archived' ? 'Archived' : 'Replayed'}>
          <FactList
            facts={[
              ...(archiveReason === null ? [] : [['Reason', archiveReason] as const]),
              ['By', settledBy ?? '–'],
              ['When', <Time key="at" iso={settledAt} />],
            ]}
          />
        </Card>
      )}
      <Card title="Delivery">
        <FactList
          facts={[
            ['Service', <ServiceMark key="service" service={service} />],
            ['Attempts', formatNumber(letter.attempts)],
            ['Replays', formatNumber(letter.replays)],
            ['Failed', <Time key="failed" iso={letter.failedAt} />],
            ['Published', <Time key="published" iso={letter.publishedAt} />],
          ]}
        />
      </Card>
      <Card title="Position">
        <FactList
          facts={[
            ['Topic', <CopyId key="topic" whole id={letter.topic} />],
            ['Partition', <CopyId key="partition" whole id={String(letter.partition)} />],
            ['Offset', <CopyId key="offset" whole id={letter.offset} />],
            ['Key', key === null ? 'none' : <CopyId key="key" id={key} />],
            ['Consumer', <CopyId key="consumer" whole id={letter.consumer} />],
            ['Event', eventId === null ? 'none' : <CopyId key="event" id={eventId} />],
            ['Dead letter', <CopyId key="letter" id={letter.id} />],
          ]}
        />
      </Card>
    </>
  );
};
