// The pipelines that do not flow, on pages whose figures suffer from it.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { pipelinesQuery } from '../../api/admin-queries.ts';
import { conditionOf } from './causes.ts';
import classes from './pipelines.module.css';

export const PipelineTrouble = ({ children }: { children: string }) => {
  const { data } = useQuery(pipelinesQuery);
  const troubled = data?.pipelines.filter((pipeline) => conditionOf(pipeline) !== 'flows') ?? [];
  if (troubled.length === 0) return null;
  return (
    <p role="status" className={classes['trouble']}>
      {troubled.map((pipeline) => (
        <b key={pipeline.service}>
          {pipeline.connectorName} is {conditionOf(pipeline)}.{' '}
        </b>
      ))}
      {children} <Link to="/pipelines">What to do</Link>
    </p>
  );
};
