import { createSubscriber, makeSubscriber } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Controller, Res } from '@nestjs/common';
import { createUser } from '@nats-io/nkeys';
import { Actor, CallerSecret } from '../http/administrator.js';
import { answerChange } from '../http/answer.js';
import { Given } from '../http/given.js';
import type { Reply } from '../http/problem-filter.js';
import { openForCaller, sealForCaller } from '../http/seal-for-caller.js';
import { Serves } from '../http/serves.js';

@Controller()
export class SubscribersController {
  constructor(private readonly requests: RequestClient) {}

  /**
   * With a public key of the subscriber's own nothing secret is made. Else the seed is in this answer and nowhere else: its
   * public key alone is kept. With an `Idempotency-Key` it is kept for ten minutes, sealed under the token of who asks.
   */
  @Serves(makeSubscriber)
  async create(
    @Given() { name, publicKey, idempotencyKey }: { name: string; publicKey?: string; idempotencyKey?: string },
    @CallerSecret() callerSecret: string,
    @Actor() actor: { name: string },
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const pair = publicKey === undefined ? createUser() : undefined;
    const made = pair && new TextDecoder().decode(pair.getSeed());
    const call =
      idempotencyKey === undefined ? undefined : { callerSecret, idempotencyKey, operation: makeSubscriber.id };
    const { subscriber, propagation, sealed } = await this.requests.call(createSubscriber, {
      name,
      publicKey: publicKey ?? (pair as NonNullable<typeof pair>).getPublicKey(),
      ...(made !== undefined && call ? { sealed: sealForCaller(made, call) } : {}),
      idempotencyKey,
      actor,
    });
    pair?.clear();
    const seed = sealed !== undefined && call ? openForCaller(sealed, call) : made;
    return answerChange(reply, 201, { ...subscriber, ...(seed ? { seed } : {}), propagation });
  }
}
