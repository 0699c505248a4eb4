import { listTrustedRoots, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/service-shell';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, In, MoreThan } from 'typeorm';
import { certificateAuthoritySchema, trustedRootSchema } from '../persistence/entities.js';
import { findTrustedRootView } from '../view/revocation-view.js';
import { toTrustedRootView } from '../view/trusted-root-view.js';

@Controller()
export class ListTrustedRootsHandler {
  constructor(private readonly dataSource: DataSource) {}

  /** Roots added by hand and those of our own CA, in the order of their SHA-256. */
  @Handles(listTrustedRoots)
  async handle(
    @Payload() request: DecodedRequestOf<typeof listTrustedRoots>,
  ): Promise<ResponseOf<typeof listTrustedRoots>> {
    const { manager } = this.dataSource;
    const { rows, ...end } = await pageOf(listTrustedRoots, request, {
      load: async (after, take) => {
        const beyond = after === undefined ? {} : { sha256: MoreThan(after) };
        const own = await manager.find(certificateAuthoritySchema, {
          where: { kind: 'root', status: In(['prepared', 'active', 'retiring']), ...beyond },
        });
        const added = await manager.find(trustedRootSchema, { where: beyond, order: { sha256: 'ASC' }, take });
        return [
          ...own.map((row) => toTrustedRootView(row.certificate, 'issuing-ca', row.createdAt)),
          ...(await Promise.all(added.map((row) => findTrustedRootView(manager, row)))),
        ]
          .sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))
          .slice(0, take);
      },
      position: (view) => view.sha256,
    });
    return { items: rows, ...end };
  }
}
