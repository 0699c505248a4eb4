import { getIssuingCa, listIssuingCas, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/service-shell';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, MoreThan } from 'typeorm';
import { viewIssuingCa } from '../certificate-authority/find-authorities.js';
import { certificateAuthoritySchema } from '../persistence/entities.js';
import { findIssuingCa } from '../persistence/find-rows.js';

@Controller()
export class ListIssuingCasHandler {
  constructor(private readonly dataSource: DataSource) {}

  /** In the order they were made. */
  @Handles(listIssuingCas)
  async list(@Payload() request: DecodedRequestOf<typeof listIssuingCas>): Promise<ResponseOf<typeof listIssuingCas>> {
    const { manager } = this.dataSource;
    const { rows, ...end } = await pageOf(listIssuingCas, request, {
      isPosition: (text) => /^\d{1,9}$/.test(text),
      load: (after, take) =>
        manager.find(certificateAuthoritySchema, {
          where: { kind: 'issuing', ...(after === undefined ? {} : { number: MoreThan(Number(after)) }) },
          order: { number: 'ASC' },
          take,
        }),
      position: (row) => String(row.number),
    });
    const now = Date.now();
    const items = await Promise.all(rows.map((row) => viewIssuingCa(manager, row, now)));
    return { items, ...end };
  }

  @Handles(getIssuingCa)
  async get(@Payload() { id }: DecodedRequestOf<typeof getIssuingCa>): Promise<ResponseOf<typeof getIssuingCa>> {
    const { manager } = this.dataSource;
    return viewIssuingCa(manager, await findIssuingCa(manager, id), Date.now());
  }
}
