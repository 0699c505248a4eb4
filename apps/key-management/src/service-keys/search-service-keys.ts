import { findServiceKeys, type DecodedRequestOf } from '@sluice/contracts';
import { readTimestamp } from '@sluice/domain';
import { CLOCK, pageOf } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { CredentialRow } from './credential.entity.js';
import { ServiceKeyRow } from './service-key.entity.js';
import { isHeldUsable } from './usable-certificate.sql.js';

type Search = DecodedRequestOf<typeof findServiceKeys>;

/** A key with the certificates it holds. */
export interface FoundServiceKey {
  readonly key: ServiceKeyRow;
  readonly held: readonly CredentialRow[];
}

/** The id of the last key of a page, and its name: keys of several instances may have one name. */
const position = /^([0-9a-f-]{36}) (.+)$/;

/** Finds keys of all instances, in the order of their names. */
@Injectable()
export class SearchServiceKeys {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `invalid-argument` naming `after` when no page of this list gave it */
  async execute(search: Search): Promise<{ keys: FoundServiceKey[]; next?: string }> {
    const { manager } = this.dataSource;
    const { rows, ...end } = await pageOf(findServiceKeys, search, {
      isPosition: (text) => position.test(text),
      load: (after, take) => this.#load(search, after, take),
      position: ({ id, name }) => `${id} ${name}`,
    });
    const ids = rows.map(({ id }) => id);
    const keys = new Map((await manager.findBy(ServiceKeyRow, { id: In(ids) })).map((key) => [key.id, key]));
    const held = await manager.findBy(CredentialRow, { serviceKeyId: In(ids) });
    return {
      keys: ids.flatMap((id) => {
        const key = keys.get(id);
        return key ? [{ key, held: held.filter(({ serviceKeyId }) => serviceKeyId === id) }] : [];
      }),
      ...end,
    };
  }

  #load(search: Search, after: string | undefined, take: number): Promise<{ id: string; name: string }[]> {
    const values: unknown[] = [];
    const value = (given: unknown) => `$${values.push(given)}`;
    const time = (text: string) => `${value(new Date(readTimestamp(text) as number))}::timestamptz`;
    const now = `${value(new Date(this.now()))}::timestamptz`;
    const holds = (condition: string) =>
      `EXISTS (SELECT FROM credential held WHERE held.service_key_id = service_key.id AND ${condition})`;
    const conditions: string[] = [];
    const [, id, name] = position.exec(after ?? '') ?? [];
    if (id !== undefined) conditions.push(`(name, id) > (${value(name)}, ${value(id)}::uuid)`);
    if (search.serviceInstanceId !== undefined)
      conditions.push(`service_instance_id = ${value(search.serviceInstanceId)}::uuid`);
    if (search['key-type'] !== undefined) conditions.push(`key_type = ${value(search['key-type'])}`);
    if (search.text !== undefined)
      conditions.push(`lower(name) LIKE ${value(`${escaped(search.text.toLowerCase())}%`)}`);
    if (search.status === 'revoked') conditions.push(`status = 'revoked'`);
    // Looked up for each key in turn, and null for one that holds no certificate.
    const anyUsable = `(SELECT bool_or(${isHeldUsable(now)}) FROM credential held WHERE held.service_key_id = service_key.id)`;
    if (search.status === 'expired') conditions.push(`status = 'active'`, `${anyUsable} IS FALSE`);
    if (search.status === 'active') conditions.push(`status = 'active'`, `${anyUsable} IS NOT FALSE`);
    if (search.expiringBefore !== undefined) {
      const before = time(search.expiringBefore);
      conditions.push(
        `status = 'active'`,
        holds(`${isHeldUsable(now)} AND (held.not_after < ${before} OR held.retires_at < ${before})`),
        `NOT ${holds(isHeldUsable(`GREATEST(${now}, ${before} - interval '1 microsecond')`))}`,
      );
    }
    if (search.unusedSince !== undefined) {
      const since = time(search.unusedSince);
      conditions.push(
        `status = 'active'`,
        `created_at < ${since}`,
        holds('true'),
        `NOT ${holds(`held.last_used_at >= ${since}`)}`,
      );
    }
    // The time is named, so that it has a type also where no condition asks for it.
    return this.dataSource.query(
      `SELECT id, name FROM service_key WHERE ${[`${now} IS NOT NULL`, ...conditions].join(' AND ')}
       ORDER BY name, id LIMIT ${value(take)}`,
      values,
    );
  }
}

/** For LIKE: what stands for something else there. */
function escaped(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
