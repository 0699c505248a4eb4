import {
  createSubscriber,
  type DecodedRequestOf,
  type ResponseOf,
  listSubscribers,
  revokeSubscriber,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { subscriberView } from './subscriber.view.js';
import { CreateSubscriber } from './create-subscriber.js';
import { IdempotentAnswers, pageOf } from '@sluice/service-shell';
import { DataSource, MoreThan } from 'typeorm';
import { SubscriberRow } from './subscriber.entity.js';
import { RevokeSubscriber } from './revoke-subscriber.js';

@Controller()
export class SubscribersController {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly createSubscriber: CreateSubscriber,
    private readonly dataSource: DataSource,
    private readonly revokeSubscriber: RevokeSubscriber,
  ) {}

  @Handles(createSubscriber)
  async create(
    @Payload() request: DecodedRequestOf<typeof createSubscriber>,
  ): Promise<ResponseOf<typeof createSubscriber>> {
    const { sealed } = request;
    return this.answers.once(createSubscriber, request, {
      execute: () => this.createSubscriber.execute(request),
      answer: (row) => ({ subscriber: subscriberView(row), sealed }),
      secret: sealed !== undefined,
      // Then the key pair is one that was made for the call.
      differing: sealed === undefined ? [] : ['publicKey', 'sealed'],
    });
  }

  @Handles(listSubscribers)
  async list(
    @Payload() request: DecodedRequestOf<typeof listSubscribers>,
  ): Promise<ResponseOf<typeof listSubscribers>> {
    const { rows, ...end } = await pageOf(listSubscribers, request, {
      load: (after, take) =>
        this.dataSource.manager.find(SubscriberRow, {
          ...(after === undefined ? {} : { where: { name: MoreThan(after) } }),
          order: { name: 'ASC' },
          take,
        }),
      position: (row) => row.name,
    });
    return { items: rows.map(subscriberView), ...end };
  }

  @Handles(revokeSubscriber)
  async revoke(
    @Payload() { id }: DecodedRequestOf<typeof revokeSubscriber>,
  ): Promise<ResponseOf<typeof revokeSubscriber>> {
    return { propagation: await this.revokeSubscriber.execute(id) };
  }
}
