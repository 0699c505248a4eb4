import { beginAnew } from '@sluice/contracts';
import type { EventTail, StoredEvent } from '@sluice/messaging';

/** How long a reader hears nothing at most, in milliseconds. */
export const aliveEveryMs = 10_000;
/** Events since the place that a reader names; who is further behind begins anew. */
const maxMissed = 5_000;
/** Before a reader connects again, in milliseconds. */
const retryMs = 1_000;

/** Where a reader begins. */
export interface Beginning {
  /** The place of the event after which it reads. */
  readonly after: number;
  /** What came before that, since it last read, cannot be told. */
  readonly missed: boolean;
}

/**
 * @param lastEventId where it stopped reading, as it was told @param earlier so many of the newest are told first, where it says no such place
 * @throws Error while the event stream cannot be read
 */
export async function beginningOf(
  tail: EventTail,
  { lastEventId, earlier }: { readonly lastEventId?: string | undefined; readonly earlier: number },
): Promise<Beginning> {
  const newest = (await tail.newest())?.sequence ?? 0;
  if (lastEventId === undefined) return { after: Math.max(0, newest - earlier), missed: false };
  const sequence = Number(/^(\d{1,15}):/.exec(lastEventId)?.[1] ?? Number.NaN);
  const stood = Number.isNaN(sequence) || newest - sequence > maxMissed ? undefined : await tail.at(sequence);
  return stood && idOf(stood) === lastEventId ? { after: sequence, missed: false } : { after: newest, missed: true };
}

/**
 * Messages for one reader, until the tail stops. As slow as the reader takes them: what it has not taken is in the event stream.
 * @throws Error when the event stream cannot be read any more
 */
export async function* eventStream(tail: EventTail, { after, missed }: Beginning): AsyncGenerator<string> {
  yield `retry: ${retryMs}\n\n`;
  if (missed) yield anew;
  let place = after;
  let { course } = tail;
  let toldAt = performance.now();
  while (!tail.stopped) {
    const next = await tail.next(place);
    if (course !== tail.course) {
      ({ course } = tail);
      place = (await tail.newest())?.sequence ?? 0;
      yield anew;
    } else if (next) {
      place = next.sequence;
      // Of the default kind, for browsers hear no others than those they know by name. JSON as we write it has no line breaks.
      yield `id: ${idOf(next)}\ndata: ${next.json}\n\n`;
    } else if (performance.now() - toldAt >= aliveEveryMs) yield ': alive\n\n';
    else {
      await tail.moved(toldAt + aliveEveryMs - performance.now());
      continue;
    }
    toldAt = performance.now();
  }
}

const anew = `event: ${beginAnew}\ndata: {}\n\n`;

/** The place of an event, and which one stood there: a stream that was made anew has others. */
function idOf({ sequence, id }: StoredEvent): string {
  return `${sequence}:${encodeURIComponent(id)}`;
}
