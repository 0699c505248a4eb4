import { listDecisions, type DecodedRequestOf, type ListedDecision, type ResponseOf } from '@sluice/contracts';
import { invalidArgument, readTimestamp, unstorableTextFault, type FieldViolation } from '@sluice/domain';
import { pageOf } from '@sluice/service-shell';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { senderAsStored } from './tally-decisions.js';

type Search = DecodedRequestOf<typeof listDecisions>;

interface Row {
  readonly id: string;
  readonly at: Date;
  readonly last_at: Date;
  readonly count: string;
  readonly outcome: ListedDecision['outcome'];
  readonly status: number;
  readonly reason: string;
  readonly others: boolean;
  readonly path: string | null;
  readonly flow: string | null;
  readonly sender: string | null;
  readonly certificate_sha256: string | null;
  readonly subject_dn: string | null;
  readonly service_key_id: string | null;
  readonly service_key_name: string | null;
  readonly service_instance_id: string | null;
}

/** When the last decision of a page was made, in ISO 8601, and its id. */
const position = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([\w-]{22})$/;

/** Lists decisions, newest first. */
@Injectable()
export class SearchDecisions {
  constructor(private readonly dataSource: DataSource) {}

  /** @throws SluiceError `invalid-argument` naming `after` when no page of this list gave it, or what cannot be looked for */
  async execute(search: Search): Promise<ResponseOf<typeof listDecisions>> {
    const faults: FieldViolation[] = [];
    for (const field of ['sender', 'flow'] as const) {
      const message = search[field] === undefined ? undefined : unstorableTextFault(search[field]);
      if (message !== undefined) faults.push({ field, message });
    }
    if (faults.length > 0) throw invalidArgument(faults);
    const { rows, ...end } = await pageOf(listDecisions, search, {
      isPosition: (text) => !Number.isNaN(Date.parse(position.exec(text)?.[1] ?? '')),
      load: (after, take) => this.#load(search, after, take),
      position: ({ at, id }) => `${at.toISOString()} ${id}`,
    });
    return { items: rows.map(toView), ...end };
  }

  #load(search: Search, after: string | undefined, take: number): Promise<Row[]> {
    const values: unknown[] = [];
    const value = (given: unknown) => `$${values.push(given)}`;
    const time = (text: string) => `${value(new Date(readTimestamp(text) as number))}::timestamptz`;
    const conditions = ['true'];
    const [, at, id] = position.exec(after ?? '') ?? [];
    if (at !== undefined) conditions.push(`(at, id) < (${time(at)}, ${value(id)})`);
    if (search.since !== undefined) conditions.push(`at >= ${time(search.since)}`);
    if (search.until !== undefined) conditions.push(`at < ${time(search.until)}`);
    if (search.sender !== undefined) conditions.push(`sender = ${value(senderAsStored(search.sender))}`);
    if (search.certificate !== undefined) conditions.push(`certificate_sha256 = ${value(search.certificate)}`);
    if (search.flow !== undefined) conditions.push(`flow = ${value(search.flow)}`);
    // What can be few among many is asked for in the words of its index.
    if (search.outcome !== undefined)
      conditions.push(
        `outcome = ${value(search.outcome)}`,
        ...(search.outcome === 'denied' ? [] : [`outcome <> 'denied'`]),
      );
    return this.dataSource.query(
      `SELECT * FROM decision WHERE ${conditions.join(' AND ')} ORDER BY at DESC, id DESC LIMIT ${value(take)}`,
      values,
    );
  }
}

function toView(row: Row): ListedDecision {
  return {
    id: row.id,
    at: row.at.toISOString(),
    lastAt: row.last_at.toISOString(),
    count: Number(row.count),
    outcome: row.outcome,
    status: row.status,
    reason: row.reason,
    ...(row.others ? { others: true } : {}),
    ...(row.path === null ? {} : { path: row.path }),
    ...(row.flow === null ? {} : { flow: row.flow }),
    ...(row.sender === null ? {} : { sender: row.sender }),
    ...(row.certificate_sha256 === null
      ? {}
      : {
          certificate: {
            sha256: row.certificate_sha256,
            ...(row.subject_dn === null ? {} : { subjectdn: row.subject_dn }),
          },
        }),
    ...(row.service_key_id === null
      ? {}
      : {
          serviceKey: {
            id: row.service_key_id,
            ...(row.service_key_name === null ? {} : { name: row.service_key_name }),
          },
        }),
    ...(row.service_instance_id === null ? {} : { serviceInstanceId: row.service_instance_id }),
  };
}
