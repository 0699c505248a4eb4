import { until } from '@sluice/testing';

/** A message of a stream of server-sent events. */
export interface SentMessage {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** What an administrator hears at `/v1/events`. */
export class ServerSentEvents {
  readonly messages: SentMessage[] = [];
  /** Comments, which say that the stream is alive. */
  comments = 0;
  ended = false;
  /** Why it ended, unless the other side ended it. */
  cutOffBy: unknown;
  readonly #abort = new AbortController();

  private constructor(readonly response: Response) {
    void this.#read();
  }

  static async open(
    adminUrl: string,
    token: string,
    { query = '', lastEventId }: { readonly query?: string; readonly lastEventId?: string } = {},
  ): Promise<ServerSentEvents> {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    return new ServerSentEvents(await fetch(`${adminUrl}/v1/events${query}`, { headers }));
  }

  /** @returns the first message whose data holds this text */
  next(text: string): Promise<SentMessage> {
    return until(() => Promise.resolve(this.messages.find(({ data }) => data?.includes(text))), {
      what: `an event with ${text}`,
    });
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await until(() => Promise.resolve(this.ended), { what: 'the end of the stream' });
  }

  async #read(): Promise<void> {
    let text = '';
    const reader = this.response.body?.pipeThrough(new TextDecoderStream()).getReader();
    this.#abort.signal.addEventListener('abort', () => void reader?.cancel());
    try {
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done) break;
        text += value;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } catch (error) {
      this.cutOffBy = error;
    }
    this.ended = true;
  }

  #take(block: string): void {
    const fields = block.split('\n').map((line) => /^(\w*): ?(.*)$/.exec(line) ?? []);
    if (fields.some(([, name]) => name === '')) this.comments++;
    const message = Object.fromEntries(fields.flatMap(([, name, value]) => (name ? [[name, value]] : [])));
    if ('data' in message) this.messages.push(message);
  }
}
