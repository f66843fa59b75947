// What a problem of a pipeline is, its remedy, and since when it exists.
import type { PipelineProblem } from '../../api/types.ts';
import { When } from '../../parts/when.tsx';
import classes from './pipelines.module.css';
import { Remedy } from './remedy.tsx';

type ProblemDetailsProps = Pick<PipelineProblem, 'sentence' | 'remedy' | 'since'>;

export const ProblemDetails = ({ sentence, remedy, since }: ProblemDetailsProps) => (
  <div>
    <p>{sentence}</p>
    <Remedy text={remedy} />
    <small className={classes['quiet']}>
      First seen <When at={since} />
    </small>
  </div>
);
