import { getTrustedRoot, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { certificateAuthoritySchema, trustedRootSchema } from '../persistence/entities.js';
import { findTrustedRootView } from '../view/revocation-view.js';
import { toTrustedRootView } from '../view/trusted-root-view.js';

@Controller()
export class GetTrustedRootHandler {
  constructor(private readonly dataSource: DataSource) {}

  @Handles(getTrustedRoot)
  async handle(
    @Payload() request: DecodedRequestOf<typeof getTrustedRoot>,
  ): Promise<ResponseOf<typeof getTrustedRoot>> {
    const { manager } = this.dataSource;
    const sha256 = request.sha256.toLowerCase();
    const row = await manager.findOneBy(trustedRootSchema, { sha256 });
    if (row) return findTrustedRootView(manager, row);
    const own = await manager.findOneBy(certificateAuthoritySchema, { sha256, kind: 'root' });
    if (own) return toTrustedRootView(own.certificate, 'issuing-ca', own.createdAt);
    throw new SluiceError('not-found', `There is no trusted root ${sha256}.`);
  }
}
