import { getAuditHead, listAudit, type DecodedRequestOf, type ResponseOf, type StateWriter } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { readAudit, readAuditHead } from '@sluice/persistence';
import { Controller, type Type } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { DataSource } from 'typeorm';

/** A page of content never comes near the largest message of the bus. */
const largestPageBytes = 2 * 1024 * 1024;

/** The handlers that show a service's audit trail, for its module. */
export function auditHandlers(writer: StateWriter, dataSource: DataSource): Type[] {
  const [list, head] = [listAudit[writer], getAuditHead[writer]];

  @Controller()
  class ListAuditHandler {
    @Handles(list)
    async handle(@Payload() { after, limit }: DecodedRequestOf<typeof list>): Promise<ResponseOf<typeof list>> {
      const entries = await readAudit(dataSource.manager, after, limit);
      let bytes = 0;
      // The first goes out whatever its size: a page with nothing in it would mean the end.
      return {
        entries: entries.filter((entry, index) => (bytes += entry.content.length) <= largestPageBytes || index === 0),
      };
    }
  }

  @Controller()
  class GetAuditHeadHandler {
    @Handles(head)
    handle(): Promise<ResponseOf<typeof head>> {
      return readAuditHead(dataSource.manager);
    }
  }
  return [ListAuditHandler, GetAuditHeadHandler];
}
