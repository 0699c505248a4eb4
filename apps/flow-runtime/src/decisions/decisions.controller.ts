import {
  decisionRecord,
  decisionStream,
  decisionSubjectPrefix,
  getDecision,
  listDecisions,
  type DecodedRequestOf,
  type ResponseOf,
} from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import type { JetStreamManager } from '@nats-io/jetstream';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { JET_STREAM_MANAGER } from '../bus/jet-stream-manager.js';
import { SearchDecisions } from './search-decisions.js';

@Controller()
export class DecisionsController {
  constructor(
    @Inject(JET_STREAM_MANAGER) private readonly manager: JetStreamManager,
    private readonly searchDecisions: SearchDecisions,
  ) {}

  @Handles(listDecisions)
  list(@Payload() request: DecodedRequestOf<typeof listDecisions>): Promise<ResponseOf<typeof listDecisions>> {
    return this.searchDecisions.execute(request);
  }

  @Handles(getDecision)
  async get(@Payload() { id }: DecodedRequestOf<typeof getDecision>): Promise<ResponseOf<typeof getDecision>> {
    const stored = /^[A-Za-z0-9_-]{22}$/.test(id)
      ? await this.manager.streams.getMessage(decisionStream, { last_by_subj: `${decisionSubjectPrefix}${id}` })
      : null;
    if (!stored) throw new SluiceError('not-found', `There is no decision ${id}, or it is no longer kept.`);
    return decisionRecord.parse(stored.json());
  }
}
