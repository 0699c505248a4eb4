import { listFlowsAskingRole, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { flowSchema } from '../persistence/entities.js';

@Controller()
export class ListFlowsAskingRoleHandler {
  constructor(private readonly dataSource: DataSource) {}

  @Handles(listFlowsAskingRole)
  async handle(
    @Payload() { role }: DecodedRequestOf<typeof listFlowsAskingRole>,
  ): Promise<ResponseOf<typeof listFlowsAskingRole>> {
    const rows = await this.dataSource.manager
      .createQueryBuilder(flowSchema, 'flow')
      .where(`flow.definition @> :sender::jsonb`, {
        sender: JSON.stringify({ senders: [{ authorization: { type: 'UserRole', role } }] }),
      })
      .orderBy('flow.id')
      .limit(1_000)
      .getMany();
    return { flows: rows.map(({ id, name }) => ({ id, name })) };
  }
}
