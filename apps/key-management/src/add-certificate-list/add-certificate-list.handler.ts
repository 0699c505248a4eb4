import { addCertificateList, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { findTrustedRootView } from '../view/revocation-view.js';
import { AddCertificateList } from './add-certificate-list.js';

@Controller()
export class AddCertificateListHandler {
  constructor(
    private readonly useCase: AddCertificateList,
    private readonly dataSource: DataSource,
  ) {}

  @Handles(addCertificateList)
  async handle(
    @Payload() request: DecodedRequestOf<typeof addCertificateList>,
  ): Promise<ResponseOf<typeof addCertificateList>> {
    const { root, list, propagation } = await this.useCase.execute({
      sha256: request.sha256,
      content: Buffer.from(request.content, 'base64'),
      actor: request.actor.name,
    });
    const trustedRoot = await findTrustedRootView(this.dataSource.manager, root);
    const certificateList = trustedRoot.revocation?.lists.find(({ sha256 }) => sha256 === list.sha256);
    if (!certificateList)
      throw new SluiceError(
        'certificate-list-refused',
        'Another CRL took its place at the same time: list those in force.',
      );
    return { trustedRoot, certificateList, propagation };
  }
}
