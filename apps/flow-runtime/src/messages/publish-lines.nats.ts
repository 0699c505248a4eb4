import { inboxPrefix, messageProcessingLogSubject } from '@sluice/contracts';
import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';

const timeoutMs = 5_000;

interface Waiting {
  readonly number: number;
  readonly lines: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Publishes groups of lines into the stream of the message processing log, one after the other, each acknowledged. The
 * client's own publish makes an error object, a timer and an inbox for each; here all groups share one of each.
 */
export class PublishLines {
  readonly #inbox = createInbox(inboxPrefix('flow-runtime'));
  #number = 0;
  #waiting: Waiting | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly connection: NatsConnection) {
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        const number = Number(message.subject.slice(message.subject.lastIndexOf('.') + 1));
        const waiting = this.#waiting;
        // The answer to a group that was given up.
        if (waiting === undefined || waiting.number !== number) return;
        const refusal = error ?? refusalIn(message);
        this.#waiting = undefined;
        if (refusal) waiting.reject(refusal);
        else waiting.resolve();
      },
    });
    this.#timer = setTimeout(() => this.#giveUp(), timeoutMs);
    this.#timer.unref();
    void this.#repeatWithConnection();
  }

  /** @throws Error when the bus is away, has no such stream, or does not acknowledge in time; the lines may be kept all the same */
  readonly publish = (lines: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const number = ++this.#number;
      this.#waiting = { number, lines: Buffer.from(lines), resolve, reject };
      this.#timer.refresh();
      this.#send();
    });

  #send(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    try {
      this.connection.publish(messageProcessingLogSubject, waiting.lines, {
        reply: `${this.#inbox}.${waiting.number}`,
      });
    } catch (error) {
      this.#waiting = undefined;
      waiting.reject(error as Error);
    }
  }

  /** The acknowledgement went with the connection, whether or not the lines did; lines that come twice are stored once. */
  async #repeatWithConnection(): Promise<void> {
    for await (const { type } of this.connection.status()) if (type === 'reconnect') this.#send();
  }

  #giveUp(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(new Error(`The message processing log was not acknowledged within ${timeoutMs} ms.`));
  }
}

/** `{"stream":…,"seq":…}` when it is kept. */
function refusalIn(message: Msg): Error | undefined {
  if (message.headers?.code === 503) return new Error('There is no stream of the message processing log.');
  const text = message.string();
  return text.includes('"error"') ? new Error(`The message processing log was not kept: ${text}`) : undefined;
}
