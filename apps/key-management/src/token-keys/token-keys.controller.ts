import { listTokenKeys, rotateTokenKey, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { allRights } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { requireRightsOf } from '@sluice/service-shell';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { TokenKeyRow } from './token-key.entity.js';
import { toTokenKeyView } from './token-key.view.js';
import { TokenKeys } from './token-keys.js';

@Controller()
export class TokenKeysController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tokenKeys: TokenKeys,
  ) {}

  /** The newest first; they are few. */
  @Handles(listTokenKeys)
  async list(): Promise<ResponseOf<typeof listTokenKeys>> {
    const rows = await this.dataSource.manager.find(TokenKeyRow, { order: { createdAt: 'DESC', kid: 'ASC' } });
    return { items: rows.map(toTokenKeyView) };
  }

  @Handles(rotateTokenKey)
  async rotate(
    @Payload() request: DecodedRequestOf<typeof rotateTokenKey>,
  ): Promise<ResponseOf<typeof rotateTokenKey>> {
    // It ends the tokens of everybody, those with more rights among them.
    if (request.immediately) requireRightsOf([allRights], 'Every token of this installation');
    const { value, propagation } = await this.tokenKeys.rotate({
      immediately: request.immediately,
      actor: request.actor.name,
    });
    return { tokenKey: toTokenKeyView(value), propagation };
  }
}
