import { stateSubjectPrefix } from '@sluice/contracts';
import { jetstream, JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { recordVersionHeader, type StateBucket } from './state-bucket.js';

/** JetStream API error code "wrong last sequence": somebody else wrote in between. */
const wrongLastSequence = 10071;

/**
 * Puts records into the bucket so that a version never goes back: the sequence that was read is a condition of the
 * write, so a relay that was stalled for an hour changes nothing.
 */
export class StatePublisher {
  readonly #stream: JetStreamClient;

  constructor(
    connection: NatsConnection,
    private readonly bucket: StateBucket,
    timeoutMs = 2_000,
  ) {
    this.#stream = jetstream(connection, { timeout: timeoutMs });
  }

  /**
   * Writes a record only if the key still stands at the sequence the writer read (0: absent).
   * @returns the new sequence, or undefined when somebody else wrote in between
   * @throws Error when the bus does not take it
   */
  async publishIf(
    key: string,
    expectedSequence: number,
    version: number,
    value: Uint8Array,
  ): Promise<number | undefined> {
    try {
      return await this.#put(key, version, value, expectedSequence);
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === wrongLastSequence) return undefined;
      throw error;
    }
  }

  /**
   * Writes a record whatever stands there, for what is said anew each time.
   * @throws Error when the bus does not take it
   */
  publishAlways(key: string, version: number, value: Uint8Array): Promise<number> {
    return this.#put(key, version, value);
  }

  async #put(key: string, version: number, value: Uint8Array, expectedSequence?: number): Promise<number> {
    const header = headers();
    header.set(recordVersionHeader, String(version));
    const ack = await this.#stream.publish(`${stateSubjectPrefix}${key}`, value, {
      headers: header,
      ...(expectedSequence === undefined ? {} : { expect: { lastSubjectSequence: expectedSequence } }),
    });
    return ack.seq;
  }

  /**
   * @param version of the record; a first version is tried without reading what is there
   * @param likelyAbsent any version is: for who fills an empty bucket
   * @returns the sequence under which this version, or a newer one, stands
   * @throws Error when the bus does not take it
   */
  async publish(key: string, version: number, value: Uint8Array, likelyAbsent = false): Promise<number> {
    let expected = version === 1 || likelyAbsent ? 0 : undefined;
    for (;;) {
      if (expected === undefined) {
        const current = await this.bucket.last(key);
        if (current && current.version >= version) return current.sequence;
        expected = current?.sequence ?? 0;
      }
      const sequence = await this.publishIf(key, expected, version, value);
      if (sequence !== undefined) return sequence;
      expected = undefined;
    }
  }
}
