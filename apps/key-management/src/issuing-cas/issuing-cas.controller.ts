import {
  getIssuingCa,
  listIssuingCas,
  type DecodedRequestOf,
  type ResponseOf,
  prepareIssuingCa,
  activateIssuingCa,
  retireIssuingCa,
  revokeIssuingCa,
  getCertificateList,
  resealKeys,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { IdempotentAnswers, pageOf } from '@sluice/service-shell';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, MoreThan } from 'typeorm';
import { issuingCaTag } from './issuing-ca.tag.js';
import { viewIssuingCa } from './find-authorities.js';
import { CertificateAuthorityRow } from './certificate-authority.entity.js';
import { findIssuingCa } from './find-authority.js';
import { PrepareIssuingCa } from './prepare-issuing-ca.js';
import { ActivateIssuingCa } from './activate-issuing-ca.js';
import { RetireIssuingCa } from './retire-issuing-ca.js';
import { RevokeIssuingCa } from './revoke-issuing-ca.js';
import { IssuedCertificateList } from './issued-certificate-list.js';
import { ResealKeys } from './reseal-keys.js';

/** In base64 a part fits a message, whose limit is 4 MB. */
const partSize = 2_000_000;

@Controller()
export class IssuingCasController {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly dataSource: DataSource,
    private readonly prepareIssuingCa: PrepareIssuingCa,
    private readonly activateIssuingCa: ActivateIssuingCa,
    private readonly retireIssuingCa: RetireIssuingCa,
    private readonly revokeIssuingCa: RevokeIssuingCa,
    private readonly issuedCertificateList: IssuedCertificateList,
    private readonly resealKeys: ResealKeys,
  ) {}

  /** In the order they were made. */
  @Handles(listIssuingCas)
  async list(@Payload() request: DecodedRequestOf<typeof listIssuingCas>): Promise<ResponseOf<typeof listIssuingCas>> {
    const { manager } = this.dataSource;
    const { rows, ...end } = await pageOf(listIssuingCas, request, {
      isPosition: (text) => /^\d{1,9}$/.test(text),
      load: (after, take) =>
        manager.find(CertificateAuthorityRow, {
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
    const row = await findIssuingCa(manager, id);
    return { ...(await viewIssuingCa(manager, row, Date.now())), etag: issuingCaTag(row) };
  }

  @Handles(prepareIssuingCa)
  async prepare(
    @Payload() request: DecodedRequestOf<typeof prepareIssuingCa>,
  ): Promise<ResponseOf<typeof prepareIssuingCa>> {
    return this.answers.once(prepareIssuingCa, request, {
      execute: () => this.prepareIssuingCa.execute({ ...request, actor: request.actor.name }),
      answer: async (row, manager) => ({
        issuingCa: await viewIssuingCa(manager, row, Date.now()),
        etag: issuingCaTag(row),
      }),
    });
  }

  @Handles(activateIssuingCa)
  async activate(
    @Payload() request: DecodedRequestOf<typeof activateIssuingCa>,
  ): Promise<ResponseOf<typeof activateIssuingCa>> {
    const { value, propagation } = await this.activateIssuingCa.execute({ ...request, actor: request.actor.name });
    return this.#shown(value, propagation);
  }

  @Handles(retireIssuingCa)
  async retire(
    @Payload() request: DecodedRequestOf<typeof retireIssuingCa>,
  ): Promise<ResponseOf<typeof retireIssuingCa>> {
    const { value, propagation } = await this.retireIssuingCa.execute({ ...request, actor: request.actor.name });
    return this.#shown(value, propagation);
  }

  @Handles(revokeIssuingCa)
  async revoke(
    @Payload() request: DecodedRequestOf<typeof revokeIssuingCa>,
  ): Promise<ResponseOf<typeof revokeIssuingCa>> {
    const { value, propagation } = await this.revokeIssuingCa.execute({ ...request, actor: request.actor.name });
    return this.#shown(value, propagation);
  }

  async #shown<Propagation>(row: CertificateAuthorityRow, propagation: Propagation) {
    const issuingCa = await viewIssuingCa(this.dataSource.manager, row, Date.now());
    return { issuingCa, etag: issuingCaTag(row), propagation };
  }

  @Handles(getCertificateList)
  async getCertificateList(
    @Payload() { id, number, part }: DecodedRequestOf<typeof getCertificateList>,
  ): Promise<ResponseOf<typeof getCertificateList>> {
    const list = await this.issuedCertificateList.current(id);
    const parts = Math.ceil(list.der.length / partSize);
    const sent = list.number === number && part < parts ? part : 0;
    return {
      der: list.der.subarray(sent * partSize, (sent + 1) * partSize).toString('base64'),
      number: list.number,
      part: sent,
      parts,
      thisUpdate: list.thisUpdate.toISOString(),
      nextUpdate: list.nextUpdate.toISOString(),
    };
  }

  @Handles(resealKeys)
  reseal(): Promise<ResponseOf<typeof resealKeys>> {
    return this.resealKeys.execute();
  }
}
