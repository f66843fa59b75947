// The path of an event: its producer, its topic and its consumers, with a description of what each consumer does.
import { ArrowRight } from 'lucide-react';
import type { CatalogueEvent } from '../../api/types.ts';
import classes from './events-page.module.css';

/** The name of a service in the colour of the service, with a marker, because colour alone is not accessible. */
const ServiceName = ({ name }: { name: string }) => (
  <b className={classes['service']} data-service={name}>
    <i aria-hidden="true" />
    {name}
  </b>
);

export const EventFlow = ({ event }: { event: CatalogueEvent }) => (
  <div className={classes['flow']}>
    <div className={classes['stop']}>
      <small>Producer</small>
      <ServiceName name={event.producer} />
      <span>writes the event to its outbox</span>
    </div>
    <ArrowRight className={classes['arrow']} size={18} aria-hidden="true" />
    <div className={classes['stop']} data-kind="topic">
      <small>Topic</small>
      <b className={classes['mono']}>{event.topic}</b>
      <span>
        keyed by <code>{event.key}</code>
      </span>
    </div>
    <ArrowRight className={classes['arrow']} size={18} aria-hidden="true" />
    <div className={classes['consumers']}>
      {event.readers.length === 0 && (
        <div className={classes['stop']}>
          <small>Consumers</small>
          <span>No service consumes this event.</span>
        </div>
      )}
      <ul aria-label="Consumers">
        {event.readers.map(({ service, does: description }) => (
          <li key={service} className={classes['stop']}>
            <small>Consumer</small>
            <ServiceName name={service} />
            <span>{description}</span>
          </li>
        ))}
      </ul>
    </div>
  </div>
);
