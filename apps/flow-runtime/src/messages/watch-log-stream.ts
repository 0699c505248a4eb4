import { messageProcessingLogStream } from '@sluice/contracts';
import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { alarmRatio, type LogRoom } from './log-room.js';

export interface WatchLogStreamOptions {
  readonly manager: Pick<JetStreamManager, 'streams'>;
  readonly room: LogRoom;
  /** Publishes so many octets that say nothing, and rejects when they are not kept. */
  readonly trial: (bytes: number) => Promise<void>;
  /** Told once when the log passes half of its room, and once when it is back. */
  readonly onAlarm: (on: boolean) => void;
}

const lookEveryMs = 1_000;
/** While no flow is begun. */
const lookSoonMs = 250;
const streamNotFound = 10059;

/**
 * Looks at the stream of the message processing log all the time. When it took no entry, a flow is begun again only once a
 * trial was kept: that needs the bus, the stream, its disk and its quorum, and costs nobody a message.
 */
export class WatchLogStream {
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #alarm = false;

  constructor(private readonly options: WatchLogStreamOptions) {}

  /** @returns after the first look */
  async start(): Promise<void> {
    await this.#look();
    if (this.#stopped) return;
    const again = () => {
      const { open } = this.options.room;
      this.#timer = setTimeout(
        () => void this.#look().then(() => this.#stopped || again()),
        open ? lookEveryMs : lookSoonMs,
      );
    };
    again();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { manager, room, trial, onAlarm } = this.options;
    try {
      const { state, config, ts } = await manager.streams.info(messageProcessingLogStream);
      const now = ts === undefined ? Date.now() : Date.parse(ts);
      room.seen({
        bytes: state.bytes,
        maxBytes: config.max_bytes > 0 ? config.max_bytes : Number.POSITIVE_INFINITY,
        messages: state.messages,
        oldestSeconds: state.messages === 0 ? 0 : Math.max(0, (now - Date.parse(state.first_ts)) / 1_000),
      });
    } catch (error) {
      // Without the bus nothing new is known of the stream; a publication that fails tells.
      if (error instanceof JetStreamApiError && error.code === streamNotFound) room.failed('its stream is not there');
      return;
    }
    const { ratio, trialBytes } = room;
    // It must fall well below before it is told again.
    const alarm = this.#alarm ? ratio >= alarmRatio * 0.9 : ratio >= alarmRatio;
    if (alarm !== this.#alarm) onAlarm((this.#alarm = alarm));
    if (trialBytes !== undefined) await trial(trialBytes).catch(() => undefined);
  }
}
