import {
  createAdminToken,
  type DecodedRequestOf,
  type ResponseOf,
  listAdminTokens,
  revokeAdminToken,
  authenticateAdministrator,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { CreateAdminToken } from './create-admin-token.js';
import { CLOCK, IdempotentAnswers, pageOf } from '@sluice/service-shell';
import { DataSource, MoreThan } from 'typeorm';
import { AdminTokenRow } from './admin-token.entity.js';
import { toAdminTokenView } from './admin-token.view.js';
import { AdminSessions } from '../admin-sessions/admin-sessions.js';
import { AuthenticateAdministrator } from './authenticate-administrator.js';
import { AuthenticateServiceKey } from './authenticate-service-key.js';
import { PersonSessions } from '../people/person-sessions.js';
import { RevokeAdminToken } from './revoke-admin-token.js';

@Controller()
export class AdminTokensController {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly createAdminToken: CreateAdminToken,
    private readonly dataSource: DataSource,
    private readonly revokeAdminToken: RevokeAdminToken,
    private readonly authenticateAdministrator: AuthenticateAdministrator,
    private readonly authenticateServiceKey: AuthenticateServiceKey,
    private readonly sessions: AdminSessions,
    private readonly people: PersonSessions,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  @Handles(createAdminToken)
  async create(
    @Payload() request: DecodedRequestOf<typeof createAdminToken>,
  ): Promise<ResponseOf<typeof createAdminToken>> {
    const { sealed } = request;
    return this.answers.once(createAdminToken, request, {
      execute: () => this.createAdminToken.execute({ ...request, actor: request.actor.name }),
      answer: (row) => ({ adminToken: toAdminTokenView(row, this.now()), sealed }),
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
    const now = this.now();
    return { items: rows.map((row) => toAdminTokenView(row, now)), ...end };
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
    @Payload()
    {
      tokenSha256,
      accessToken,
      sessionSha256,
      certificate,
      heedsRoles,
      watches,
    }: DecodedRequestOf<typeof authenticateAdministrator>,
  ): Promise<ResponseOf<typeof authenticateAdministrator>> {
    if (sessionSha256 !== undefined) {
      const { expiresAt, ...administrator } =
        (await this.people.find(sessionSha256, watches !== true)) ??
        (await this.sessions.find(sessionSha256, watches !== true));
      return { ...administrator, sessionEndsAt: expiresAt };
    }
    if (tokenSha256 !== undefined) return this.authenticateAdministrator.execute(tokenSha256, heedsRoles === true);
    return this.authenticateServiceKey.execute({ accessToken, certificate });
  }
}
