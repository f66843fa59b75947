// A time as people say it, with the exact one on hover.
import { Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';
import { formatInstant, formatRelative } from './format.ts';

/** The present, renewed every `everyMs`; milliseconds since 1970. */
export const useNow = (everyMs: number): number => {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [everyMs]);
  return now;
};

export const When = ({ at }: { at: string }) => {
  const now = useNow(15_000);
  return (
    <Tooltip label={formatInstant(at)}>
      <time dateTime={at} tabIndex={0}>
        {formatRelative(at, Math.max(now, Date.parse(at)))}
      </time>
    </Tooltip>
  );
};
