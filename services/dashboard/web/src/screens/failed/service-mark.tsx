// The name of a service, in the colour of the service.
import type { ServiceName } from '../../api/types.ts';
import classes from './failed.module.css';

export const ServiceMark = ({ service }: { service: ServiceName }) => (
  <span className={classes['service']} data-service={service}>
    {service}
  </span>
);
