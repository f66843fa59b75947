// A warning about broken or paused pipelines, on pages whose data depends on them.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { pipelinesQuery } from '../../api/admin-queries.ts';
import { conditionOf } from './causes.ts';
import classes from './pipelines.module.css';

export const PipelineWarning = ({ children }: { children: string }) => {
  const { data } = useQuery(pipelinesQuery);
  const unhealthy = data?.pipelines.filter((pipeline) => conditionOf(pipeline) !== 'healthy') ?? [];
  if (unhealthy.length === 0) return null;
  return (
    <p role="status" className={classes['warning']}>
      {unhealthy.map((pipeline) => (
        <b key={pipeline.service}>
          {pipeline.connectorName} is {conditionOf(pipeline)}.{' '}
        </b>
      ))}
      {children} <Link to="/pipelines">What to do</Link>
    </p>
  );
};
