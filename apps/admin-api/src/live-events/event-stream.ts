import { beginAnew } from '@sluice/contracts';
import type { EventTail, StoredEvent } from '@sluice/messaging';

/** How long a reader hears nothing at most, and how often it is asked whether it may still read. */
export const aliveEveryMs = 10_000;
/** Events since the place that a reader names; who is further behind begins anew. */
const maxMissed = 5_000;
/** Before a reader connects again, in milliseconds. */
const retryMs = 1_000;

export interface EventReader {
  /** Where it stopped reading, as it was told. */
  readonly lastEventId?: string | undefined;
  /** So many of the newest are told first. */
  readonly earlier: number;
  /** Asked again and again. @throws when the reader may not read any more */
  readonly mayRead: () => Promise<void>;
}

/** What the id of a message is: the place of the event, and which event stood there. A stream that was made anew has others. */
function idOf({ sequence, id }: StoredEvent): string {
  return `${sequence}:${encodeURIComponent(id)}`;
}

/**
 * Messages for one reader, until it may not read any more or the tail stops. As slow as the reader takes them: what it has not taken is
 * in the event stream.
 */
export async function* eventStream(tail: EventTail, reader: EventReader): AsyncGenerator<string> {
  yield `retry: ${retryMs}\n\n`;
  const { start, missed } = await begin(tail, reader);
  let after = start;
  if (missed) yield `event: ${beginAnew}\ndata: {}\n\n`;
  let course = tail.course;
  let asked = performance.now();
  while (!tail.stopped) {
    const next = await tail.next(after);
    if (course !== tail.course) {
      course = tail.course;
      after = (await tail.newest())?.sequence ?? 0;
      yield `event: ${beginAnew}\ndata: {}\n\n`;
      continue;
    }
    if (next) {
      after = next.sequence;
      yield message(next.json, idOf(next));
    } else await tail.moved(Math.max(0, asked + aliveEveryMs - performance.now()));
    if (performance.now() - asked < aliveEveryMs) continue;
    await reader.mayRead();
    asked = performance.now();
    if (!next) yield ': alive\n\n';
  }
}

async function begin(
  tail: EventTail,
  { lastEventId, earlier }: EventReader,
): Promise<{ start: number; missed: boolean }> {
  const newest = (await tail.newest())?.sequence ?? 0;
  if (lastEventId === undefined) return { start: Math.max(0, newest - earlier), missed: false };
  const sequence = Number(/^(\d{1,15}):/.exec(lastEventId)?.[1] ?? Number.NaN);
  const stood = Number.isNaN(sequence) || newest - sequence > maxMissed ? undefined : await tail.at(sequence);
  return stood && idOf(stood) === lastEventId ? { start: sequence, missed: false } : { start: newest, missed: true };
}

/** Of the default kind, for browsers hear no others than those they know by name. JSON as we write it has no line breaks. */
function message(data: string, id: string): string {
  return `id: ${id}\ndata: ${data}\n\n`;
}
