import type { ChangeScope, PublishedChanges } from '@sluice/service-shell';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { KeySealer } from '../issuing-cas/key-sealer.js';
import {
  changeTokenKey,
  endTokenKey,
  enterTokenKey,
  lockTokenKeys,
  makeTokenKeyPair,
  sealedTokenKeyOwner,
} from './make-token-key.js';
import { TokenKeyRow } from './token-key.entity.js';
import { toEventTokenKey } from './token-key.view.js';

const hour = 3_600_000;
const day = 24 * hour;

/** How long a key is published before it signs: resource servers of others keep the keys they fetched for a while. */
export const publishedAheadMs = hour;
/** The clock prepares the next key so long before it is due, so that a downtime at that time does no harm. */
const preparedAheadMs = 6 * hour;
/** The longest life of a token, and what clocks may differ by. */
export const maxTokenMs = day + 5 * 60_000;

const actorOfClock = 'key-management';

/** A key whose private key is open: it can sign. */
export interface SigningKey {
  readonly kid: string;
  readonly version: string;
  readonly issuer: string;
  readonly privateKey: KeyObject;
}

/**
 * The keys that sign access tokens: prepared, active, retiring, gone. Their private keys are stored sealed, and the active one is open
 * in this process's memory only.
 */
export class TokenKeys {
  #signing: SigningKey | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly sealer: KeySealer,
    private readonly changes: PublishedChanges,
    private readonly now: () => number,
    private readonly options: {
      /** What tokens name as their issuer (RFC 8414 §2): the URL of the flow port, without a slash at its end. */
      readonly issuer: string;
      /** How long a key signs, in milliseconds. */
      readonly lifeMs: number;
    },
  ) {}

  /** Makes the first key, which signs at once; names the present issuer in all. Of several processes one does. */
  async ensure(): Promise<void> {
    const pair = await makeTokenKeyPair();
    await this.changes.commit(async (change) => {
      await lockTokenKeys(change.manager);
      const rows = await change.manager.find(TokenKeyRow);
      for (const row of rows)
        if (row.issuer !== this.options.issuer)
          await changeTokenKey(change, row, { status: row.status, issuer: this.options.issuer });
      if (rows.some(({ status }) => status === 'active')) return;
      await enterTokenKey(
        change,
        this.sealer,
        { pair, issuer: this.options.issuer, activatesAt: undefined, actor: actorOfClock },
        this.now(),
      );
    });
  }

  /**
   * The key that signs, open. It is kept while it is the one that the caller has just read as the active one: another process may have
   * made another one active.
   * @throws Error when it was sealed under another master key, or has ended in between
   */
  async signing(kid: string, version: string): Promise<SigningKey> {
    if (this.#signing?.kid === kid && this.#signing.version === version) return this.#signing;
    const row = await this.dataSource.manager.findOneByOrFail(TokenKeyRow, { kid });
    const key = this.sealer.open(row.sealedKey, sealedTokenKeyOwner(row.kid));
    this.#signing = {
      kid: row.kid,
      version: row.version,
      issuer: row.issuer,
      privateKey: createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
    };
    return this.#signing;
  }

  /** What time brings about: the next key is made ahead, signs when it is due, and the one before goes when its last token has. */
  async execute(now: number): Promise<void> {
    if (!(await this.#anyDue(now))) return;
    const pair = await makeTokenKeyPair();
    await this.changes.commit(async (change) => {
      await lockTokenKeys(change.manager);
      // Read again under the lock: another process may have done it.
      const rows = await change.manager.find(TokenKeyRow);
      for (const row of rows)
        if (row.status === 'retiring' && row.endsAt && row.endsAt.getTime() <= now)
          await endTokenKey(change, row, actorOfClock);
      const active = rows.find(({ status }) => status === 'active');
      const prepared = rows.find(({ status }) => status === 'prepared');
      if (prepared?.activatesAt && prepared.activatesAt.getTime() <= now) {
        if (active) await changeTokenKey(change, active, { status: 'retiring', endsAt: new Date(now + maxTokenMs) });
        const signing = await changeTokenKey(change, prepared, {
          status: 'active',
          activatesAt: null,
          activatedAt: new Date(now),
        });
        change.event('token-key.activated', signing.kid, {
          actor: actorOfClock,
          tokenKey: toEventTokenKey(signing),
          ...(active ? { predecessor: toEventTokenKey(active) } : {}),
        });
      } else if (!prepared && active && this.#dueAt(active) - preparedAheadMs <= now) {
        await this.#prepare(change, pair, Math.max(this.#dueAt(active), now + publishedAheadMs), actorOfClock, now);
      }
    });
  }

  async #anyDue(now: number): Promise<boolean> {
    const rows = await this.dataSource.manager.find(TokenKeyRow);
    return rows.some(
      (row) =>
        (row.status === 'retiring' && (row.endsAt?.getTime() ?? 0) <= now) ||
        (row.status === 'prepared' && (row.activatesAt?.getTime() ?? 0) <= now) ||
        (row.status === 'active' &&
          this.#dueAt(row) - preparedAheadMs <= now &&
          !rows.some(({ status }) => status === 'prepared')),
    );
  }

  #dueAt(active: TokenKeyRow): number {
    return (active.activatedAt ?? active.createdAt).getTime() + this.options.lifeMs;
  }

  #prepare(
    change: ChangeScope,
    pair: Awaited<ReturnType<typeof makeTokenKeyPair>>,
    activatesAt: number,
    actor: string,
    now: number,
  ): Promise<TokenKeyRow> {
    const { issuer } = this.options;
    return enterTokenKey(change, this.sealer, { pair, issuer, activatesAt: new Date(activatesAt), actor }, now);
  }

  /**
   * Replaces the key that signs: by one that is published an hour ahead, or at once. At once is for one that somebody else may have: all that there
   * are end with it, and every token they signed is refused from the next request on.
   * @returns the key that signs next, or now
   */
  async rotate({ immediately, actor }: { immediately: boolean; actor: string }) {
    const pair = await makeTokenKeyPair();
    const { issuer } = this.options;
    return this.changes.commit(async (change): Promise<TokenKeyRow> => {
      await lockTokenKeys(change.manager);
      const now = this.now();
      const rows = await change.manager.find(TokenKeyRow);
      if (immediately) {
        for (const row of rows) await endTokenKey(change, row, actor);
        return enterTokenKey(change, this.sealer, { pair, issuer, activatesAt: undefined, actor }, now);
      }
      const prepared = rows.find(({ status }) => status === 'prepared');
      if (!prepared) return this.#prepare(change, pair, now + publishedAheadMs, actor, now);
      const earliest = Math.max(now, prepared.createdAt.getTime() + publishedAheadMs);
      if (prepared.activatesAt && prepared.activatesAt.getTime() <= earliest) return prepared;
      return changeTokenKey(change, prepared, { status: 'prepared', activatesAt: new Date(earliest) });
    });
  }
}
