import { SluiceError } from '@sluice/domain';
import { EventTail } from '@sluice/messaging';
import { Shell } from '@sluice/service-shell';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Readable } from 'node:stream';
import { eventStream, type EventReader } from './event-stream.js';

/** Open streams: of one administrator, who may have the console open in several windows, and of all. */
const maxOfOne = 16;
const maxOfAll = 256;

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

  /**
   * @param name that the reader counts as, with all tokens of its making
   * @throws SluiceError `overloaded` with too many open streams; `unavailable` while the event stream cannot be read
   */
  async open(name: string, reader: EventReader): Promise<Readable> {
    const ofAll = [...this.#open.values()].reduce((sum, count) => sum + count, 0);
    const ofOne = this.#open.get(name) ?? 0;
    if (ofOne >= maxOfOne || ofAll >= maxOfAll)
      throw new SluiceError(
        'overloaded',
        `${ofOne >= maxOfOne ? `You have ${ofOne}` : `There are ${ofAll}`} streams of events open, which is the most: close one.`,
      );
    this.#tail.start();
    this.#open.set(name, ofOne + 1);
    const stream = Readable.from(this.#messages(reader), { highWaterMark: 16 });
    stream.once('close', () => this.#closed(name));
    return Promise.resolve(stream);
  }

  /** What ends it is no fault of the reader's, and it connects again: then it is told why, if there is a reason. */
  async *#messages(reader: EventReader): AsyncGenerator<string> {
    try {
      yield* eventStream(this.#tail, reader);
    } catch (error) {
      if (!(error instanceof SluiceError)) this.shell.onFault(error, 'telling events to an administrator');
    }
  }

  #closed(name: string): void {
    const left = (this.#open.get(name) ?? 1) - 1;
    if (left > 0) this.#open.set(name, left);
    else this.#open.delete(name);
  }
}
