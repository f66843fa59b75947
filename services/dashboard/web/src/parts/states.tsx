// The loading, empty and error states of a page.
import { Button, Skeleton } from '@mantine/core';
import { CircleAlert, Inbox } from 'lucide-react';
import { Problem } from '../api/request.ts';
import { CopyId } from './copy-id.tsx';
import classes from './states.module.css';

/** Placeholder lines while data is loading. */
export const Loading = ({ lines = 4 }: { lines?: number }) => (
  <div className={classes['loading']} role="status" aria-busy="true" aria-label="Loading">
    {Array.from({ length: lines }, (_, line) => (
      <Skeleton key={line} height={18} radius="sm" width={`${96 - ((line * 17) % 40)}%`} />
    ))}
  </div>
);

export const Empty = ({ title, children }: { title: string; children?: React.ReactNode }) => (
  <div className={classes['empty']}>
    <Inbox aria-hidden="true" size={28} strokeWidth={1.5} />
    <b>{title}</b>
    {children !== undefined && <p>{children}</p>}
  </div>
);

/** An error with its message, correlation id and, if `retry` is given, a button to try again. */
export const ErrorMessage = ({ error, retry }: { error: unknown; retry?: () => void }) => {
  const problem = error instanceof Problem ? error : undefined;
  const title = problem?.title ?? 'Something went wrong';
  const message = error instanceof Error ? error.message : 'Try again.';
  return (
    <div className={classes['failed']} role="alert">
      <CircleAlert aria-hidden="true" size={20} />
      <div>
        <b>{title}</b>
        {message !== title && <p>{message}</p>}
        {problem?.correlationId !== undefined && (
          <p className={classes['id']}>
            Correlation id <CopyId id={problem.correlationId} />
          </p>
        )}
        {retry !== undefined && (
          <Button variant="default" size="xs" mt={8} onClick={retry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
};
