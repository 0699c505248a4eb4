import {
  stateEpochName,
  stateMakingName,
  stateMakingSubject,
  stateRepublishPrefix,
  stateStream,
  stateSubjectPrefix,
  type StatePrefix,
} from '@sluice/contracts';
import {
  DiscardPolicy,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { keepStream } from '../bus/keep-stream.js';

/** A stored message of the bucket. */
export interface StoredRecord {
  readonly key: string;
  readonly sequence: number;
  readonly value: Uint8Array;
  /** The record's version as its writer named it in the header; 0 for a message that is no record of ours. */
  readonly version: number;
}

export interface BucketState {
  readonly epoch: string;
  /**
   * Who answers for the stream: the run of a single server, or the leader of several. Another one may have a store that fell
   * back, so what was known of the stream has to be held against it once more.
   */
  readonly incarnation: string;
  readonly lastSequence: number;
  /** Nobody can write to it any more: it is about to be made anew. */
  readonly sealed: boolean;
}

/** JetStream API error codes. */
const streamNotFound = 10059;
const noMessageFound = 10037;
const streamDiffers = 10058;

const getMessageSubject = `$JS.API.STREAM.MSG.GET.${stateStream}`;
const nothing = new Uint8Array();

/** JetStream API: `STREAM.MSG.GET`. */
interface GetMessageReply {
  readonly message?: {
    readonly subject: string;
    readonly seq: number;
    /** Base64. */
    readonly hdrs?: string;
    /** Base64. */
    readonly data?: string;
  };
  readonly error?: ConstructorParameters<typeof JetStreamApiError>[0];
}

export const recordVersionHeader = 'Sluice-Record-Version';
const versionHeaderLine = `\r\n${recordVersionHeader}: `;

type Bucket = Partial<StreamConfig> & { readonly name: string };
/** Longest pause before it is tried again to make an empty stream, in milliseconds. */
const makingPauseMs = 2_000;

/** The state bucket as JetStream stores it, read from the stream's leader: a mirror may lag. */
export class StateBucket {
  private constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly timeoutMs: number,
  ) {}

  /** @param timeoutMs short: a stream of a cluster that has no leader just now answers nothing, and is asked again */
  static async open(connection: NatsConnection, timeoutMs = 2_000): Promise<StateBucket> {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: timeoutMs });
    return new StateBucket(connection, manager, timeoutMs);
  }

  /**
   * Makes the bucket if it is absent. It is an ordinary key-value bucket, of which every change is sent again with its sequence.
   * @throws Error when the server goes on giving what stood in a bucket that was removed
   */
  async create(replicas = 1): Promise<void> {
    const config: Bucket = {
      name: stateStream,
      subjects: [`${stateSubjectPrefix}>`],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      deny_delete: true,
      allow_direct: false,
      num_replicas: replicas,
      duplicate_window: nanos(120_000),
      republish: { src: `${stateSubjectPrefix}>`, dest: `${stateRepublishPrefix}>` },
    };
    const present = await this.#info();
    if (present && epochInMaking(present) === undefined) {
      const epoch = present.config.metadata?.[stateEpochName];
      await keepStream(this.manager, {
        ...config,
        ...(epoch === undefined ? {} : { metadata: { [stateEpochName]: epoch } }),
      });
      return;
    }
    await this.#make(config);
  }

  /**
   * The server answers that a stream is removed while its files are still there, and the next stream of that name takes up what it
   * finds of them (seen of nats-server 2.10.27): records that ended would be back under a new epoch. So the stream is made where nobody can
   * write to it and nobody takes it for the bucket, and becomes the bucket once it is seen to be empty.
   */
  async #make({ republish, ...config }: Bucket): Promise<void> {
    for (let pause = 5; pause < makingPauseMs; pause *= 2) {
      try {
        const epoch = `${new Date().toISOString()}-${randomUUID()}`;
        await this.manager.streams.add({
          ...config,
          subjects: [stateMakingSubject],
          metadata: { [stateMakingName]: epoch },
        });
      } catch (error) {
        // Somebody else makes it, and it has the epoch that was named first.
        if (!(error instanceof JetStreamApiError && error.code === streamDiffers)) throw error;
      }
      const made = await this.#info();
      const epoch = made && epochInMaking(made);
      if (made && epoch === undefined) return;
      if (made && epoch !== undefined && made.state.messages === 0 && made.state.last_seq === 0) {
        await this.manager.streams.update(stateStream, {
          ...config,
          republish,
          metadata: { [stateEpochName]: epoch },
        });
        return;
      }
      if (made) await this.remove();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    throw new Error('The server goes on giving what stood in a state bucket that was removed.');
  }

  /** @returns undefined when there is no bucket */
  async state(): Promise<BucketState | undefined> {
    const info = await this.#info();
    if (!info || epochInMaking(info) !== undefined) return undefined;
    return {
      epoch: info.config.metadata?.[stateEpochName] ?? info.created,
      incarnation: info.cluster?.leader ?? this.connection.info?.server_id ?? '',
      lastSequence: info.state.last_seq,
      sealed: info.config.sealed,
    };
  }

  async #info(): Promise<StreamInfo | undefined> {
    try {
      return await this.manager.streams.info(stateStream);
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === streamNotFound) return undefined;
      throw error;
    }
  }

  /** Keys of all records of a prefix, those that ended among them. @returns none when there is no bucket */
  async keys(prefix: StatePrefix): Promise<string[]> {
    try {
      const info = await this.manager.streams.info(stateStream, {
        subjects_filter: `${stateSubjectPrefix}${prefix}.>`,
      });
      return Object.keys(info.state.subjects ?? {}).map((subject) => subject.slice(stateSubjectPrefix.length));
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === streamNotFound) return [];
      throw error;
    }
  }

  /** Ends writing to this bucket for good; what is read from it afterwards is all there will ever be in it. */
  async seal(): Promise<void> {
    const { config } = await this.manager.streams.info(stateStream);
    const sealing: Partial<StreamConfig> = { ...config, sealed: true };
    await this.manager.streams.update(stateStream, sealing);
  }

  async remove(): Promise<void> {
    await this.manager.streams.delete(stateStream);
  }

  /** The newest record under a key. */
  last(key: string): Promise<StoredRecord | undefined> {
    return this.#get({ last_by_subj: `${stateSubjectPrefix}${key}` });
  }

  /** The first record at or after a sequence whose key matches the filter (`root.>`, `>`). */
  next(sequence: number, filter: string): Promise<StoredRecord | undefined> {
    return this.#get({ seq: sequence, next_by_subj: `${stateSubjectPrefix}${filter}` });
  }

  /** The client's own `getMessage` makes an error of every record that is absent, which for a stranger's certificate each is. */
  async #get(
    query: { last_by_subj: string } | { seq: number; next_by_subj: string },
  ): Promise<StoredRecord | undefined> {
    const reply = await this.connection.request(getMessageSubject, JSON.stringify(query), { timeout: this.timeoutMs });
    const { message, error } = reply.json<GetMessageReply>();
    if (error?.err_code === noMessageFound) return undefined;
    if (error) throw new JetStreamApiError(error);
    if (!message) throw new Error('The state stream answered neither a record nor an error.');
    return {
      key: message.subject.slice(stateSubjectPrefix.length),
      sequence: message.seq,
      value: message.data ? Buffer.from(message.data, 'base64') : nothing,
      version: message.hdrs ? versionOf(message.hdrs) : 0,
    };
  }
}

/** @returns undefined of a stream that is the bucket */
function epochInMaking({ config }: StreamInfo): string | undefined {
  return config.metadata?.[stateEpochName] === undefined ? config.metadata?.[stateMakingName] : undefined;
}

/** @param headers NATS headers in base64 */
function versionOf(headers: string): number {
  const text = Buffer.from(headers, 'base64').toString('latin1');
  const start = text.indexOf(versionHeaderLine);
  return start === -1 ? 0 : Number.parseInt(text.slice(start + versionHeaderLine.length), 10) || 0;
}
