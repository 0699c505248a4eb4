import {
  findAudit,
  getAuditHead,
  listAudit,
  type DecodedRequestOf,
  type ResponseOf,
  type StateWriter,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { readAudit, readAuditHead, searchAudit } from '@sluice/persistence';
import { Controller, type Type } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';

/** A page of content never comes near the largest message of the bus. */
const maxPageBytes = 2 * 1024 * 1024;

/** Show a service's audit trail, for its module. */
export function auditControllers(writer: StateWriter): Type[] {
  const [list, find, head] = [listAudit[writer], findAudit[writer], getAuditHead[writer]];

  @Controller()
  class ListAuditController {
    constructor(private readonly dataSource: DataSource) {}

    @Handles(list)
    async handle(@Payload() { after, limit }: DecodedRequestOf<typeof list>): Promise<ResponseOf<typeof list>> {
      return { entries: fitting(await readAudit(this.dataSource.manager, after, limit)) };
    }
  }

  @Controller()
  class FindAuditController {
    constructor(private readonly dataSource: DataSource) {}

    @Handles(find)
    async handle(
      @Payload() { before, limit, ...filter }: DecodedRequestOf<typeof find>,
    ): Promise<ResponseOf<typeof find>> {
      const found = await searchAudit(this.dataSource.manager, filter, before, limit + 1);
      const entries = fitting(found.slice(0, limit));
      return { entries, more: entries.length < found.length };
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
  return [ListAuditController, FindAuditController, AuditHeadController];
}

/** The first goes out whatever its size: a page with nothing in it would mean the end. */
function fitting<Entry extends { readonly content: string }>(entries: readonly Entry[]): Entry[] {
  let bytes = 0;
  return entries.filter((entry, index) => (bytes += Buffer.byteLength(entry.content)) <= maxPageBytes || index === 0);
}
