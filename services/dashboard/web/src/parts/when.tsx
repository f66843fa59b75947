// A relative time, such as "3 minutes ago", with the exact time in the tooltip.
import { Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';
import { formatInstant, formatRelative } from './format.ts';

/** The current time in milliseconds since 1970, updated every `everyMs`. */
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
