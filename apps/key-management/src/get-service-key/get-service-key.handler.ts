import { getServiceKey, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { parseCertificate } from '@sluice/pki';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { CertificateAuthority } from '../certificate-authority/certificate-authority.js';
import { findCredentials, findServiceKey } from '../persistence/find-rows.js';
import { toCredentials, toServiceKeyView } from '../view/service-key-view.js';

export const flowUrlToken = Symbol('FLOW_URL');

@Controller()
export class GetServiceKeyHandler {
  constructor(
    private readonly dataSource: DataSource,
    private readonly authority: CertificateAuthority,
    @Inject(flowUrlToken) private readonly flowUrl: string,
  ) {}

  /** The key with the credentials of its newest certificate, without what is shown once. */
  @Handles(getServiceKey)
  async handle(@Payload() { id }: DecodedRequestOf<typeof getServiceKey>): Promise<ResponseOf<typeof getServiceKey>> {
    const { manager } = this.dataSource;
    const key = await findServiceKey(manager, id);
    const held = await findCredentials(manager, id);
    const [newest] = held;
    const chain = newest && [
      parseCertificate(newest.certificate),
      ...(newest.issuedBy ? await this.authority.chainAbove(manager, newest.issuedBy) : []),
    ];
    return {
      ...toServiceKeyView(key, held, Date.now()),
      credentials: toCredentials({ key, held: newest, ...(chain ? { chain } : {}), flowUrl: this.flowUrl }),
    };
  }
}
