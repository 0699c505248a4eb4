import { createAdminToken, makeAdminToken } from '@sluice/contracts';
import type { Right } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Controller, Headers } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import { Actor } from '../http/administrator.js';
import { Given } from '../http/given.js';
import { openForCaller, sealForCaller } from '../http/seal-for-caller.js';
import { Serves } from '../http/serves.js';

interface MakeAdminToken {
  readonly name: string;
  readonly roles?: Right[];
  readonly expiresAt?: string;
  readonly idempotencyKey?: string;
}

@Controller()
export class AdminTokensController {
  constructor(private readonly requests: RequestClient) {}

  /**
   * The token is in this answer and nowhere else: its hash alone is kept. With an `Idempotency-Key` it is kept for ten minutes,
   * sealed under the token of who asks.
   */
  @Serves(makeAdminToken)
  async create(
    @Given() { idempotencyKey, ...given }: MakeAdminToken,
    @Headers('authorization') authorization: string,
    @Actor() actor: { name: string },
  ) {
    const made = `slu_${randomBytes(32).toString('base64url')}`;
    const tokenSha256 = createHash('sha256').update(made).digest('hex');
    if (idempotencyKey === undefined) {
      const { adminToken } = await this.requests.call(createAdminToken, { ...given, tokenSha256, actor });
      return { ...adminToken, token: made };
    }
    const call = { authorization, idempotencyKey, operation: makeAdminToken.id };
    const { adminToken, sealed } = await this.requests.call(createAdminToken, {
      ...given,
      tokenSha256,
      sealed: sealForCaller(made, call),
      idempotencyKey,
      actor,
    });
    return { ...adminToken, token: sealed === undefined ? made : openForCaller(sealed, call) };
  }
}
