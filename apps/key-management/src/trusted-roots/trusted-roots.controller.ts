import {
  addTrustedRoot,
  type DecodedRequestOf,
  type ResponseOf,
  listTrustedRoots,
  getTrustedRoot,
  removeTrustedRoot,
  configureRevocation,
  addCertificateList,
  removeCertificateList,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { trustedRootTag } from './trusted-root.tag.js';
import { toTrustedRootView } from './trusted-root.view.js';
import { DataSource, In, MoreThan } from 'typeorm';
import { AddTrustedRoot } from './add-trusted-root.js';
import { warnOfNames } from './warn-of-names.js';
import { IdempotentAnswers, pageOf } from '@sluice/service-shell';
import { findTrustedRootView } from './revocation.view.js';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { TrustedRootRow } from './trusted-root.entity.js';
import { SluiceError } from '@sluice/domain';
import { RemoveTrustedRoot } from './remove-trusted-root.js';
import { ConfigureRevocation } from './configure-revocation.js';
import { AddCertificateList } from './add-certificate-list.js';
import { RemoveCertificateList } from './remove-certificate-list.js';

@Controller()
export class TrustedRootsController {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly addTrustedRoot: AddTrustedRoot,
    private readonly dataSource: DataSource,
    private readonly removeTrustedRoot: RemoveTrustedRoot,
    private readonly configureRevocation: ConfigureRevocation,
    private readonly addCertificateList: AddCertificateList,
    private readonly removeCertificateList: RemoveCertificateList,
  ) {}

  @Handles(addTrustedRoot)
  async add(@Payload() request: DecodedRequestOf<typeof addTrustedRoot>): Promise<ResponseOf<typeof addTrustedRoot>> {
    return this.answers.once(addTrustedRoot, request, {
      execute: () => this.addTrustedRoot.execute({ ...request, actor: request.actor.name }),
      answer: async ({ row, warnings }, manager) => ({
        trustedRoot: toTrustedRootView(row.certificate, 'administrator', row.addedAt),
        warnings: [...warnings, ...(await warnOfNames(manager))],
        etag: trustedRootTag(row),
      }),
    });
  }

  /** Roots added by hand and those of our own CA, in the order of their SHA-256. */
  @Handles(listTrustedRoots)
  async list(
    @Payload() request: DecodedRequestOf<typeof listTrustedRoots>,
  ): Promise<ResponseOf<typeof listTrustedRoots>> {
    const { manager } = this.dataSource;
    const { rows, ...end } = await pageOf(listTrustedRoots, request, {
      load: async (after, take) => {
        const beyond = after === undefined ? {} : { sha256: MoreThan(after) };
        const own = await manager.find(CertificateAuthorityRow, {
          where: { kind: 'root', status: In(['prepared', 'active', 'retiring']), ...beyond },
        });
        const added = await manager.find(TrustedRootRow, { where: beyond, order: { sha256: 'ASC' }, take });
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

  @Handles(getTrustedRoot)
  async get(@Payload() request: DecodedRequestOf<typeof getTrustedRoot>): Promise<ResponseOf<typeof getTrustedRoot>> {
    const { manager } = this.dataSource;
    const sha256 = request.sha256.toLowerCase();
    const row = await manager.findOneBy(TrustedRootRow, { sha256 });
    if (row) return { ...(await findTrustedRootView(manager, row)), etag: trustedRootTag(row) };
    const own = await manager.findOneBy(CertificateAuthorityRow, { sha256, kind: 'root' });
    if (own) return toTrustedRootView(own.certificate, 'issuing-ca', own.createdAt);
    throw new SluiceError('not-found', `There is no trusted root ${sha256}.`);
  }

  @Handles(removeTrustedRoot)
  async remove(
    @Payload() request: DecodedRequestOf<typeof removeTrustedRoot>,
  ): Promise<ResponseOf<typeof removeTrustedRoot>> {
    const { propagation } = await this.removeTrustedRoot.execute({ ...request, actor: request.actor.name });
    return { propagation };
  }

  @Handles(configureRevocation)
  async configure(
    @Payload() request: DecodedRequestOf<typeof configureRevocation>,
  ): Promise<ResponseOf<typeof configureRevocation>> {
    const { value, propagation } = await this.configureRevocation.execute({ ...request, actor: request.actor.name });
    return {
      trustedRoot: await findTrustedRootView(this.dataSource.manager, value),
      etag: trustedRootTag(value),
      propagation,
    };
  }

  @Handles(addCertificateList)
  async addList(
    @Payload() request: DecodedRequestOf<typeof addCertificateList>,
  ): Promise<ResponseOf<typeof addCertificateList>> {
    return this.answers.once(addCertificateList, request, {
      execute: () =>
        this.addCertificateList.execute({
          sha256: request.sha256,
          content: Buffer.from(request.content, 'base64'),
          actor: request.actor.name,
        }),
      answer: async ({ root, list }, manager) => {
        const trustedRoot = await findTrustedRootView(manager, root);
        const certificateList = trustedRoot.revocation?.lists.find(({ sha256 }) => sha256 === list.sha256);
        if (!certificateList)
          throw new SluiceError(
            'certificate-list-refused',
            'Another CRL took its place at the same time: list those in force.',
          );
        return { trustedRoot, certificateList };
      },
    });
  }

  @Handles(removeCertificateList)
  async removeList(
    @Payload() request: DecodedRequestOf<typeof removeCertificateList>,
  ): Promise<ResponseOf<typeof removeCertificateList>> {
    const { propagation } = await this.removeCertificateList.execute({ ...request, actor: request.actor.name });
    return { propagation };
  }
}
