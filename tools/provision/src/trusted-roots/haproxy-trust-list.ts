import { encodePem } from '@sluice/pki';
import { connect } from 'node:net';

const timeoutMs = 5_000;

/**
 * The CA file of a running HAProxy, seen and changed by its runtime API without a reload: connections that are open stay
 * open, new ones are judged by the new list.
 */
export class HaproxyTrustList {
  /**
   * @param socket path of its admin socket
   * @param caFile the path its configuration names
   */
  constructor(
    private readonly socket: string,
    private readonly caFile: string,
  ) {}

  /** SHA-1 fingerprints, which is what HAProxy shows, in lower-case hexadecimal. */
  async fingerprints(): Promise<Set<string>> {
    const shown = await this.#ask(`show ssl ca-file ${this.caFile}`);
    if (!shown.includes('Filename:'))
      throw new Error(`HAProxy does not use ${this.caFile} as a CA file: ${firstLine(shown)}`);
    return new Set(
      [...shown.matchAll(/SHA1 FingerPrint: ([0-9A-F]{40})/g)].map(([, fingerprint]) =>
        (fingerprint as string).toLowerCase(),
      ),
    );
  }

  /**
   * Twice, because HAProxy (seen with 3.0.11) judges by the list that is committed, but tells senders the names of the one
   * before: a sender that chooses its certificate by them would have none for a root that was just added.
   */
  async replace(roots: readonly Uint8Array[]): Promise<void> {
    await this.#commit(roots);
    await this.#commit(roots);
  }

  /** One certificate a command, because a command must fit HAProxy's buffer; nothing takes effect before the commit. */
  async #commit(roots: readonly Uint8Array[]): Promise<void> {
    try {
      for (const [index, der] of roots.entries()) {
        const verb = index === 0 ? 'set' : 'add';
        const answer = await this.#ask(`${verb} ssl ca-file ${this.caFile} <<\n${encodePem(der)}\n`);
        if (!/transaction (created|updated)/i.test(answer))
          throw new Error(`HAProxy did not take a trusted root: ${firstLine(answer)}`);
      }
      const answer = await this.#ask(`commit ssl ca-file ${this.caFile}`);
      if (!answer.includes('Success!'))
        throw new Error(`HAProxy did not take the list of trusted roots over: ${firstLine(answer)}`);
    } catch (error) {
      await this.#ask(`abort ssl ca-file ${this.caFile}`).catch(() => 'it is away, and its transaction with it');
      throw error;
    }
  }

  #ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const connection = connect(this.socket);
      connection.setTimeout(timeoutMs, () =>
        connection.destroy(new Error('HAProxy did not answer on its admin socket in time.')),
      );
      connection.once('error', reject);
      connection.on('data', (chunk: Buffer) => void chunks.push(chunk));
      connection.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      connection.once('close', () => reject(new Error('HAProxy closed its admin socket.')));
      connection.end(`${command}\n`);
    });
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] || 'it said nothing';
}
