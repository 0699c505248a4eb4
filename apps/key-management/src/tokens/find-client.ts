import type { Plan, ServiceInstanceParameters } from '@sluice/domain';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { uuid } from '../persistence/row-lock-mode.js';
import { endOfHeld } from '../service-keys/end-of-held.sql.js';

export interface SecretOfClient {
  readonly id: string;
  readonly hash: string;
  readonly version: number;
  /** When it ends by the clock, milliseconds since 1970. Null: not. */
  readonly endsAtMs: number | null;
}

/** A service key as a client of the token end point. */
export interface Client {
  readonly serviceKeyId: string;
  readonly status: 'active' | 'revoked';
  readonly serviceInstanceId: string;
  readonly plan: Plan;
  readonly parameters: ServiceInstanceParameters;
  /** Those that are not revoked; ended ones among them. */
  readonly secrets: readonly SecretOfClient[];
  /** Of the certificate that was asked for, when the key holds it and it is not revoked. */
  readonly certificate: { readonly endsAtMs: number } | null;
  readonly unpinned: boolean;
}

export interface FoundClient {
  readonly client: Client | undefined;
  /** The active token key. */
  readonly signing: { readonly kid: string; readonly version: string };
}

interface Row extends Omit<Client, 'serviceKeyId'> {
  readonly serviceKeyId: string | null;
  readonly kid: string;
  readonly version: string;
}

const milliseconds = (time: string) => `floor(extract(epoch FROM ${time}) * 1000)`;

const text = `
  SELECT signing.kid, signing.version, key.id AS "serviceKeyId", key.status, instance.id AS "serviceInstanceId", instance.plan, instance.parameters,
    coalesce((SELECT json_agg(json_build_object('id', held.id, 'hash', held.hash, 'version', held.version, 'endsAtMs', ${milliseconds(endOfHeld)}))
      FROM client_secret AS held WHERE held.service_key_id = key.id AND held.status IN ('active', 'retiring')), '[]') AS secrets,
    (SELECT json_build_object('endsAtMs', ${milliseconds(endOfHeld)}) FROM credential AS held
      WHERE held.sha256 = $2 AND held.service_key_id = key.id AND held.pinned AND held.status IN ('active', 'retiring')) AS certificate,
    EXISTS (SELECT FROM unpinned_key WHERE unpinned_key.service_key_id = key.id) AS unpinned
  FROM token_key AS signing
  LEFT JOIN service_key AS key ON key.id = $1
  LEFT JOIN service_instance AS instance ON instance.id = key.service_instance_id
  WHERE signing.status = 'active'`;

/** The part of pg's pool that is used here: TypeORM names no statements. */
interface Pool {
  query(statement: { name: string; text: string; values: readonly unknown[] }): Promise<{ rows: Row[] }>;
}

const nobody = '00000000-0000-0000-0000-000000000000';

/** Reads all that a grant rests on in one round trip, by a statement that each connection prepares once. */
@Injectable()
export class FindClient {
  readonly #pool: Pool;

  constructor(dataSource: DataSource) {
    this.#pool = (dataSource.driver as unknown as { master: Pool }).master;
  }

  /**
   * @param clientId as the client says it; of an unknown one it is read as long
   * @param sha256 of a certificate, when one was shown
   */
  async execute(clientId: string, sha256: string | undefined): Promise<FoundClient> {
    const id = uuid.test(clientId) ? clientId : nobody;
    const { rows } = await this.#pool.query({ name: 'find-client', text, values: [id, sha256 ?? null] });
    const [row] = rows;
    if (!row) throw new Error('There is no active token key.');
    const { kid, version, serviceKeyId, ...client } = row;
    return {
      client: serviceKeyId === null ? undefined : { serviceKeyId, ...client },
      signing: { kid, version },
    };
  }
}
