import { createAdminToken, makeAdminToken } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import { Actor } from '../http/administrator.js';
import { Given } from '../http/given.js';
import { Serves } from '../http/serves.js';

@Controller()
export class AdminTokensController {
  constructor(private readonly requests: RequestClient) {}

  /** The token is in this answer and nowhere else: its hash alone is kept. */
  @Serves(makeAdminToken)
  async create(@Given() { name }: { name: string }, @Actor() actor: { name: string }) {
    const token = `slu_${randomBytes(32).toString('base64url')}`;
    const tokenSha256 = createHash('sha256').update(token).digest('hex');
    const { adminToken } = await this.requests.call(createAdminToken, { name, tokenSha256, actor });
    return { ...adminToken, token };
  }
}
