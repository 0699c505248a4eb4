import {
  createAdminToken,
  type DecodedRequestOf,
  type ResponseOf,
  listAdminTokens,
  revokeAdminToken,
  authenticateAdministrator,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { CreateAdminToken } from './create-admin-token.js';
import { IdempotentAnswers, pageOf } from '@sluice/service-shell';
import { DataSource, MoreThan } from 'typeorm';
import { AdminTokenRow } from './admin-token.entity.js';
import { RevokeAdminToken } from './revoke-admin-token.js';
import { SluiceError } from '@sluice/domain';

@Controller()
export class AdminTokensController {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly createAdminToken: CreateAdminToken,
    private readonly dataSource: DataSource,
    private readonly revokeAdminToken: RevokeAdminToken,
  ) {}

  @Handles(createAdminToken)
  async create(
    @Payload() request: DecodedRequestOf<typeof createAdminToken>,
  ): Promise<ResponseOf<typeof createAdminToken>> {
    const { sealed } = request;
    return this.answers.once(createAdminToken, request, {
      execute: () => this.createAdminToken.execute({ ...request, actor: request.actor.name }),
      answer: ({ name, createdAt }) => ({ adminToken: { name, createdAt: createdAt.toISOString() }, sealed }),
      secret: true,
      differing: ['tokenSha256', 'sealed'],
    });
  }

  @Handles(listAdminTokens)
  async list(
    @Payload() request: DecodedRequestOf<typeof listAdminTokens>,
  ): Promise<ResponseOf<typeof listAdminTokens>> {
    const { rows, ...end } = await pageOf(listAdminTokens, request, {
      load: (after, take) =>
        this.dataSource.manager.find(AdminTokenRow, {
          ...(after === undefined ? {} : { where: { name: MoreThan(after) } }),
          order: { name: 'ASC' },
          take,
        }),
      position: (row) => row.name,
    });
    return {
      items: rows.map(({ name, createdAt }) => ({ name, createdAt: createdAt.toISOString() })),
      ...end,
    };
  }

  @Handles(revokeAdminToken)
  async revoke(
    @Payload() { name }: DecodedRequestOf<typeof revokeAdminToken>,
  ): Promise<ResponseOf<typeof revokeAdminToken>> {
    await this.revokeAdminToken.execute(name);
    return {};
  }

  @Handles(authenticateAdministrator)
  async authenticate(
    @Payload() { tokenSha256 }: DecodedRequestOf<typeof authenticateAdministrator>,
  ): Promise<ResponseOf<typeof authenticateAdministrator>> {
    const row = await this.dataSource.manager.findOneBy(AdminTokenRow, { sha256: tokenSha256 });
    if (!row) throw new SluiceError('unauthenticated', 'The admin token is not known.');
    return { name: row.name };
  }
}
