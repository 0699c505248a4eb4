import { Text, Tooltip } from '@mantine/core';
import { useEffect, useState, type ReactElement } from 'react';
import { distance, local, utc } from '../words/time.ts';

/** A time as people read it: how far off, or exactly in their zone; UTC beside it. */
export function Time({
  at,
  exact = false,
}: {
  readonly at: string | undefined;
  readonly exact?: boolean;
}): ReactElement {
  const now = useNow();
  if (at === undefined)
    return (
      <Text span c="dimmed" inherit>
        –
      </Text>
    );
  return (
    <Tooltip label={`${local(at)} here, ${utc(at)}`}>
      <Text component="time" dateTime={at} span inherit tabIndex={0} style={{ whiteSpace: 'nowrap' }}>
        {exact ? local(at) : distance(at, now)}
      </Text>
    </Tooltip>
  );
}

/** Milliseconds since 1970, moving on now and then. */
export function useNow(everyMs = 15_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
