import { SluiceError } from '@sluice/domain';
import { EventTail } from '@sluice/messaging';
import { Shell } from '@sluice/service-shell';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Readable } from 'node:stream';
import { aliveEveryMs, beginningOf, eventStream } from './event-stream.js';

/** Open streams: of one administrator, who may have the console open in several windows, and of all. */
const maxOfOne = 16;
const maxOfAll = 256;
/** A reader that takes nothing for so long is gone, or holds its place for nothing; milliseconds. It is told something more often. */
const maxStallMs = 6 * aliveEveryMs;

export interface EventReader {
  /** That the reader counts as, with all tokens of its making. */
  readonly countedAs: string;
  /** Where it stopped reading, as it was told. */
  readonly lastEventId?: string | undefined;
  /** So many of the newest are told first. */
  readonly earlier: number;
  /** Asked again and again, whether or not it takes what it is told. @throws when the reader may not read any more */
  readonly mayRead: () => Promise<void>;
}

/** The readers of live events of this process. They share what is read of the event stream. */
@Injectable()
export class LiveEvents implements OnModuleDestroy {
  readonly #tail: EventTail;
  readonly #open = new Map<string, number>();

  constructor(private readonly shell: Shell) {
    this.#tail = new EventTail(shell.connection, (error, what) => shell.onFault(error, what));
  }

  /** Before the listener closes, which waits for open answers. */
  onModuleDestroy(): void {
    this.#tail.stop();
  }

  /** @throws SluiceError `overloaded` with too many open streams; `unavailable` while the event stream cannot be read */
  async open(reader: EventReader): Promise<Readable> {
    const { countedAs } = reader;
    this.#take(countedAs);
    this.#tail.start();
    try {
      const beginning = await beginningOf(this.#tail, reader);
      return this.#follow(reader, eventStream(this.#tail, beginning));
    } catch (error) {
      this.#giveBack(countedAs);
      throw new SluiceError('unavailable', 'Events cannot be read now: try again in a moment.', undefined, {
        cause: error,
      });
    }
  }

  #follow({ countedAs, mayRead }: EventReader, messages: AsyncGenerator<string>): Readable {
    let takenAt = performance.now();
    const stream = Readable.from(
      this.#untilFault(messages, () => (takenAt = performance.now())),
      { highWaterMark: 16 },
    );
    // Apart from the messages, for who takes none is not asked there.
    const looking = setInterval(() => {
      if (performance.now() - takenAt > maxStallMs) stream.destroy();
      else mayRead().catch(() => stream.destroy());
    }, aliveEveryMs).unref();
    stream.once('close', () => {
      clearInterval(looking);
      this.#giveBack(countedAs);
    });
    return stream;
  }

  /** What ends it is no fault of the reader's, and it connects again: then it is told why. */
  async *#untilFault(messages: AsyncGenerator<string>, taken: () => void): AsyncGenerator<string> {
    try {
      for await (const message of messages) {
        taken();
        yield message;
      }
    } catch (error) {
      this.shell.onFault(error, 'telling events to an administrator');
    }
  }

  #take(name: string): void {
    const ofAll = [...this.#open.values()].reduce((sum, count) => sum + count, 0);
    const ofOne = this.#open.get(name) ?? 0;
    if (ofOne >= maxOfOne || ofAll >= maxOfAll)
      throw new SluiceError(
        'overloaded',
        `${ofOne >= maxOfOne ? `You have ${ofOne}` : `There are ${ofAll}`} streams of events open, which is the most: close one.`,
      );
    this.#open.set(name, ofOne + 1);
  }

  #giveBack(name: string): void {
    const left = (this.#open.get(name) ?? 1) - 1;
    if (left > 0) this.#open.set(name, left);
    else this.#open.delete(name);
  }
}
