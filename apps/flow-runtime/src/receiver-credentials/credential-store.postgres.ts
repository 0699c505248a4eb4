import type { SecretSealer } from '@sluice/persistence';
import type { DataSource } from 'typeorm';
import { ownerOf, type ReceiverCredential, type ReceiverSecret } from './receiver-credential.js';
import { ReceiverCredentialRow } from './receiver-credential.entity.js';

/** Where receiver adapters get a credential by its alias. */
export interface CredentialStore {
  /**
   * @returns undefined when no credential has the alias
   * @throws Error when it is not remembered and cannot be read
   */
  get(alias: string): Promise<ReceiverCredential | undefined>;
}

/**
 * Credentials from Postgres, opened once and remembered while the state stream names the version that was read: a change
 * shows on the next call of every runtime, and calls go on while Postgres is away.
 */
export class PostgresCredentialStore implements CredentialStore {
  readonly #read = new Map<string, ReceiverCredential>();

  /** @param versionOf what the state stream says of an alias; undefined: nothing */
  constructor(
    private readonly dataSource: DataSource,
    private readonly sealer: SecretSealer,
    private readonly versionOf: (alias: string) => number | undefined,
  ) {}

  async get(alias: string): Promise<ReceiverCredential | undefined> {
    const remembered = this.#read.get(alias);
    if (remembered && remembered.version === this.versionOf(alias)) return remembered;
    const row = await this.dataSource.manager.findOneBy(ReceiverCredentialRow, { alias });
    if (!row) {
      this.#read.delete(alias);
      return undefined;
    }
    const secret = JSON.parse(this.sealer.open(row.sealed, ownerOf(alias)).toString('utf8')) as ReceiverSecret;
    const credential = { alias, version: Number(row.version), secret };
    this.#read.set(alias, credential);
    return credential;
  }
}
