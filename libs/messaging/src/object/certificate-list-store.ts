import {
  certificateListBucket,
  certificateListStream,
  certificateListSubject,
  type CertificateListNotice,
} from '@sluice/contracts';
import {
  DiscardPolicy,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { createHash } from 'node:crypto';
import { keepStream } from '../bus/keep-stream.js';

const chunkBytes = 128 * 1024;
/** JetStream API error code. */
const streamNotFound = 10059;

/** Thrown when what the store holds under a name is not what the name says, or not there. */
export class CertificateListMissing extends Error {
  override readonly name = 'CertificateListMissing';
}

/**
 * CRLs that are too long for a state record, in a JetStream object store: its layout of streams and subjects, so that `nats
 * object` reads it. An object is named by the SHA-256 of its content. Readers get the chunks by sequence from the
 * stream's leader and make no consumer: who may make one can have it deliver anywhere.
 */
export class CertificateListStore {
  readonly #stream: JetStreamClient;

  private constructor(
    connection: NatsConnection,
    private readonly manager: JetStreamManager,
  ) {
    this.#stream = jetstream(connection, { timeout: 10_000 });
  }

  static async open(connection: NatsConnection, timeoutMs = 5_000): Promise<CertificateListStore> {
    return new CertificateListStore(
      connection,
      await jetstreamManager(connection, { checkAPI: false, timeout: timeoutMs }),
    );
  }

  /** Makes the store if it is absent; for the one service that may. */
  async create(replicas = 1): Promise<void> {
    await keepStream(this.manager, {
      name: certificateListStream,
      subjects: [certificateListSubject.chunks('>'), certificateListSubject.meta('>')],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      allow_rollup_hdrs: true,
      allow_direct: false,
      num_replicas: replicas,
    });
  }

  /** Whether the object is there whole. */
  async has(sha256: string): Promise<boolean> {
    const notice = await this.#notice(sha256);
    return notice !== undefined && (await this.#chunkCount(sha256)) === notice.chunks;
  }

  /**
   * Puts a CRL. What an earlier attempt left under its name goes first; the notice that it is there comes last.
   * The caller sees to it that no other process puts the same one at the same time.
   * @returns the SHA-256 in hex
   */
  async put(der: Uint8Array): Promise<string> {
    const sha256 = createHash('sha256').update(der).digest('hex');
    await this.manager.streams.purge(certificateListStream, { filter: certificateListSubject.chunks(sha256) });
    let chunks = 0;
    for (let start = 0; start < der.length; start += chunkBytes, chunks++)
      await this.#stream.publish(certificateListSubject.chunks(sha256), der.subarray(start, start + chunkBytes));
    const notice: CertificateListNotice = {
      name: sha256,
      bucket: certificateListBucket,
      nuid: sha256,
      size: der.length,
      chunks,
      digest: `SHA-256=${Buffer.from(sha256, 'hex').toString('base64url')}=`,
      options: { max_chunk_size: chunkBytes },
    };
    const rollup = headers();
    rollup.set('Nats-Rollup', 'sub');
    await this.#stream.publish(certificateListSubject.meta(nameToken(sha256)), JSON.stringify(notice), {
      headers: rollup,
    });
    return sha256;
  }

  /** @throws CertificateListMissing; Error when the stream's leader does not answer */
  async get(sha256: string): Promise<Uint8Array> {
    const notice = await this.#notice(sha256);
    if (!notice) throw new CertificateListMissing(`The CRL ${sha256} is not in the object store.`);
    const chunks: Uint8Array[] = [];
    for (let sequence = 1; chunks.length < notice.chunks;) {
      const next = { seq: sequence, next_by_subj: certificateListSubject.chunks(sha256) };
      const message = await this.manager.streams.getMessage(certificateListStream, next);
      if (!message) throw new CertificateListMissing(`The CRL ${sha256} is not whole in the object store.`);
      chunks.push(message.data);
      sequence = message.seq + 1;
    }
    const der = Buffer.concat(chunks);
    if (createHash('sha256').update(der).digest('hex') !== sha256)
      throw new CertificateListMissing(`The CRL ${sha256} is damaged in the object store.`);
    return der;
  }

  /** Removes every object but these and those put after `before` (milliseconds since 1970), which may be needed soon. */
  async prune(keep: ReadonlySet<string>, before: number): Promise<void> {
    const info = await this.manager.streams.info(certificateListStream, {
      subjects_filter: certificateListSubject.chunks('>'),
    });
    for (const subject of Object.keys(info.state.subjects ?? {})) {
      const sha256 = subject.slice(certificateListSubject.chunks('').length);
      if (keep.has(sha256)) continue;
      const last = await this.manager.streams.getMessage(certificateListStream, { last_by_subj: subject });
      if (!last || last.time.getTime() >= before) continue;
      // The notice goes first: an object without chunks would be one that is announced and not there.
      for (const filter of [certificateListSubject.meta(nameToken(sha256)), subject])
        await this.manager.streams.purge(certificateListStream, { filter });
    }
  }

  async #notice(sha256: string): Promise<CertificateListNotice | undefined> {
    try {
      const message = await this.manager.streams.getMessage(certificateListStream, {
        last_by_subj: certificateListSubject.meta(nameToken(sha256)),
      });
      return message ? (JSON.parse(new TextDecoder().decode(message.data)) as CertificateListNotice) : undefined;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === streamNotFound) return undefined;
      throw error;
    }
  }

  async #chunkCount(sha256: string): Promise<number> {
    const subject = certificateListSubject.chunks(sha256);
    const info = await this.manager.streams.info(certificateListStream, { subjects_filter: subject });
    return info.state.subjects?.[subject] ?? 0;
  }
}

/**
 * Calls back with the name of each CRL that is put from now on, so that it can be read before the record that needs it
 * comes. Nothing rests on hearing of all of them.
 */
export function watchCertificateLists(connection: NatsConnection, onPut: (sha256: string) => void): () => void {
  const subscription = connection.subscribe(certificateListSubject.meta('*'), {
    callback: (error, message) => {
      if (error) return;
      const sha256 = Buffer.from(message.subject.slice(certificateListSubject.meta('').length), 'base64url').toString();
      if (/^[0-9a-f]{64}$/.test(sha256)) onPut(sha256);
    },
  });
  return () => subscription.unsubscribe();
}

/** Object stores name the notice of an object by its name in base64url. */
function nameToken(name: string): string {
  return Buffer.from(name).toString('base64url');
}
