import { createSubscriber, makeSubscriber } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Controller, Res } from '@nestjs/common';
import { createUser } from '@nats-io/nkeys';
import { Actor } from '../http/administrator.js';
import { answerChange } from '../http/answer.js';
import { Given } from '../http/given.js';
import type { Reply } from '../http/problem-filter.js';
import { Serves } from '../http/serves.js';

@Controller()
export class SubscribersController {
  constructor(private readonly requests: RequestClient) {}

  /**
   * With a public key of the subscriber's own nothing secret is made. Else the seed is in this answer and nowhere else: its
   * public key alone is kept.
   */
  @Serves(makeSubscriber)
  async create(
    @Given() { name, publicKey }: { name: string; publicKey?: string },
    @Actor() actor: { name: string },
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const pair = publicKey === undefined ? createUser() : undefined;
    const { subscriber, propagation } = await this.requests.call(createSubscriber, {
      name,
      publicKey: publicKey ?? (pair as NonNullable<typeof pair>).getPublicKey(),
      actor,
    });
    const seed = pair && new TextDecoder().decode(pair.getSeed());
    pair?.clear();
    return answerChange(reply, 201, { ...subscriber, ...(seed ? { seed } : {}), propagation });
  }
}
