import { getAuditHead, listAudit, type DecodedRequestOf, type ResponseOf, type StateWriter } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { readAudit, readAuditHead } from '@sluice/persistence';
import { Controller, type Type } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';

/** A page of content never comes near the largest message of the bus. */
const maxPageBytes = 2 * 1024 * 1024;

/** Show a service's audit trail, for its module. */
export function auditControllers(writer: StateWriter): Type[] {
  const [list, head] = [listAudit[writer], getAuditHead[writer]];

  @Controller()
  class ListAuditController {
    constructor(private readonly dataSource: DataSource) {}

    @Handles(list)
    async handle(@Payload() { after, limit }: DecodedRequestOf<typeof list>): Promise<ResponseOf<typeof list>> {
      const entries = await readAudit(this.dataSource.manager, after, limit);
      let bytes = 0;
      // The first goes out whatever its size: a page with nothing in it would mean the end.
      return {
        entries: entries.filter((entry, index) => (bytes += entry.content.length) <= maxPageBytes || index === 0),
      };
    }
  }

  @Controller()
  class AuditHeadController {
    constructor(private readonly dataSource: DataSource) {}

    @Handles(head)
    handle(): Promise<ResponseOf<typeof head>> {
      return readAuditHead(this.dataSource.manager);
    }
  }
  return [ListAuditController, AuditHeadController];
}
