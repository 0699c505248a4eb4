import { findServiceKeys, type DecodedRequestOf } from '@sluice/contracts';
import { readTimestamp } from '@sluice/domain';
import { CLOCK, pageOf } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, In, type FindOptionsSelect } from 'typeorm';
import { ClientSecretRow } from '../client-secrets/client-secret.entity.js';
import { CredentialRow } from './credential.entity.js';
import { ServiceKeyRow } from './service-key.entity.js';

type Search = DecodedRequestOf<typeof findServiceKeys>;

/** A key with the certificates and secrets it holds. */
export interface FoundServiceKey {
  readonly key: ServiceKeyRow;
  readonly held: readonly Omit<CredentialRow, 'certificate'>[];
  readonly secrets: readonly ClientSecretRow[];
}

/** In what order keys are listed: that in which an index has those that are asked for. */
interface Order {
  /** Of its own cursors. */
  readonly name: string | undefined;
  /** By which, before the id; a text or a time, as `type` says. */
  readonly column: string;
  readonly type: 'text' | 'timestamptz';
}
const byName: Order = { name: undefined, column: 'service_key.name', type: 'text' };
const byEnd: Order = { name: 'end', column: 'summary.ends_at', type: 'timestamptz' };
const byUse: Order = { name: 'use', column: 'summary.idle_since', type: 'timestamptz' };

function orderOf({ expiringBefore, unusedSince, status }: Search): Order {
  if (expiringBefore !== undefined || status === 'expired') return byEnd;
  return unusedSince === undefined ? byName : byUse;
}

/** The id of the last key of a page, and what it is ordered by: keys of several instances may have one name. */
const position = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (.+)$/;
const timeOfPosition = /^(?:-infinity|(\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d{1,6})?\+00)$/;

function isPosition(text: string, { type }: Order): boolean {
  const [, , value] = position.exec(text) ?? [];
  if (value === undefined || type === 'text') return value !== undefined;
  const time = timeOfPosition.exec(value);
  return time !== null && (time[1] === undefined || !Number.isNaN(Date.parse(`${time[1]}Z`)));
}

/**
 * Finds keys of all instances, in the order of their names; those that end soon or have ended in the order of their ends, those that nobody uses in the
 * order of their last use.
 */
@Injectable()
export class SearchServiceKeys {
  /** All but the certificates themselves, which are most of what there is to read. */
  readonly #listed: FindOptionsSelect<CredentialRow>;

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly now: () => number,
  ) {
    const { columns } = dataSource.getMetadata(CredentialRow);
    this.#listed = Object.fromEntries(
      columns
        .filter(({ propertyName }) => propertyName !== 'certificate')
        .map(({ propertyName }) => [propertyName, true]),
    );
  }

  /** @throws SluiceError `invalid-argument` naming `after` when no page of this list gave it */
  async execute(search: Search): Promise<{ keys: FoundServiceKey[]; next?: string }> {
    const { manager } = this.dataSource;
    const order = orderOf(search);
    const { rows, ...end } = await pageOf(findServiceKeys, search, {
      scope: order.name,
      isPosition: (text) => isPosition(text, order),
      load: (after, take) => this.#load(search, order, after, take),
      position: ({ id, place }) => `${id} ${place}`,
    });
    const ids = rows.map(({ id }) => id);
    const [found, certificates, clientSecrets] = await Promise.all([
      manager.findBy(ServiceKeyRow, { id: In(ids) }),
      manager.find(CredentialRow, { where: { serviceKeyId: In(ids) }, select: this.#listed }),
      manager.findBy(ClientSecretRow, { serviceKeyId: In(ids) }),
    ]);
    const keys = new Map(found.map((key) => [key.id, key]));
    const held = Map.groupBy(certificates, ({ serviceKeyId }) => serviceKeyId);
    const secrets = Map.groupBy(clientSecrets, ({ serviceKeyId }) => serviceKeyId);
    return {
      keys: ids.flatMap((id) => {
        const key = keys.get(id);
        return key ? [{ key, held: held.get(id) ?? [], secrets: secrets.get(id) ?? [] }] : [];
      }),
      ...end,
    };
  }

  #load(
    search: Search,
    order: Order,
    after: string | undefined,
    take: number,
  ): Promise<{ id: string; place: string }[]> {
    const values: unknown[] = [];
    const value = (given: unknown) => `$${values.push(given)}`;
    const time = (text: string) => `${value(new Date(readTimestamp(text) as number))}::timestamptz`;
    const now = () => `${value(new Date(this.now()))}::timestamptz`;
    const id = order === byName ? 'service_key.id' : 'summary.service_key_id';
    const conditions = ['true'];
    const [, idAfter, placeAfter] = position.exec(after ?? '') ?? [];
    if (idAfter !== undefined)
      conditions.push(`(${order.column}, ${id}) > (${value(placeAfter)}::${order.type}, ${value(idAfter)}::uuid)`);
    if (search.serviceInstanceId !== undefined)
      conditions.push(`service_instance_id = ${value(search.serviceInstanceId)}::uuid`);
    if (search['key-type'] !== undefined) conditions.push(`key_type = ${value(search['key-type'])}`);
    if (search.text !== undefined)
      conditions.push(`lower(name) LIKE ${value(`${escaped(search.text.toLowerCase())}%`)}`);
    if (search.status === 'revoked') conditions.push(`status = 'revoked'`);
    if (search.status === 'expired') conditions.push(`summary.active`, `summary.ends_at <= ${now()}`);
    if (search.status === 'active')
      conditions.push(
        `status = 'active'`,
        `NOT EXISTS (SELECT FROM service_key_summary AS ended WHERE ended.service_key_id = service_key.id AND ended.ends_at <= ${now()})`,
      );
    if (search.expiringBefore !== undefined)
      conditions.push(
        `summary.active`,
        `summary.ends_at > ${now()}`,
        `summary.ends_at < ${time(search.expiringBefore)}`,
      );
    if (search.unusedSince !== undefined) {
      const since = time(search.unusedSince);
      conditions.push(
        `summary.active`,
        // To the hour; then exactly.
        `summary.idle_since < ${since}`,
        `created_at < ${since}`,
        `NOT EXISTS (SELECT FROM credential held WHERE held.service_key_id = service_key.id AND held.last_used_at >= ${since})`,
        `NOT EXISTS (SELECT FROM client_secret held WHERE held.service_key_id = service_key.id AND held.last_used_at >= ${since})`,
      );
    }
    // Cursors have times of UTC.
    const place = order.type === 'text' ? order.column : `(${order.column} AT TIME ZONE 'UTC')::text`;
    const joined = order === byName && search.unusedSince === undefined ? '' : summaryOfKey;
    return this.dataSource
      .query<{ id: string; place: string }[]>(
        `SELECT service_key.id, ${place} AS place FROM service_key ${joined} WHERE ${conditions.join(' AND ')} ORDER BY ${order.column}, ${id} LIMIT ${value(take)}`,
        values,
      )
      .then((rows) => (order.type === 'text' ? rows : rows.map((row) => ({ ...row, place: inUtc(row.place) }))));
  }
}

const summaryOfKey = 'JOIN service_key_summary AS summary ON summary.service_key_id = service_key.id';

/** A time that Postgres says without its zone, with it. */
function inUtc(time: string): string {
  return time === '-infinity' ? time : `${time}+00`;
}

/** For LIKE: what stands for something else there. */
function escaped(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
