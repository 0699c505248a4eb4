import { getAuditHead, listAudit, type AuditEntry, type StateWriter } from '@sluice/contracts';
import { invalidArgument } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Controller, Get, Query } from '@nestjs/common';
import { readPage, type PageQuery } from '../http/answer.js';

const services = Object.keys(listAudit) as StateWriter[];

interface AuditQuery extends PageQuery {
  readonly service?: string;
}

/** Who changed what, and when: one chain for each service with tables. */
@Controller('v1/audit')
export class AuditController {
  constructor(private readonly requests: RequestClient) {}

  /** One service's entries in their order, or one service's after the other's; `after` is `<service>:<sequence>`. */
  @Get()
  async list(@Query() query: AuditQuery) {
    const { limit, after } = readPage(query);
    const wanted = query.service === undefined ? services : [readService(query.service)];
    const cursor = after === undefined ? undefined : readCursor(after);
    const items: ReturnType<typeof toItem>[] = [];
    for (const service of wanted.slice(cursor ? Math.max(0, wanted.indexOf(cursor.service)) : 0)) {
      let last = cursor?.service === service ? cursor.sequence : 0;
      while (items.length < limit) {
        const { entries } = await this.requests.call(listAudit[service], { after: last, limit: limit - items.length });
        if (entries.length === 0) break;
        items.push(...entries.map((entry) => toItem(service, entry)));
        last = entries.at(-1)?.sequence ?? last;
      }
      if (items.length >= limit) break;
    }
    const end = items.at(-1);
    return { items, ...(end && items.length >= limit ? { next: `${end.service}:${end.sequence}` } : {}) };
  }

  /** The newest hash of each chain. */
  @Get('heads')
  async heads() {
    const heads = services.map(async (service) => ({
      service,
      ...(await this.requests.call(getAuditHead[service], {})),
    }));
    return { heads: await Promise.all(heads) };
  }
}

/** The parts of an entry for people, and `content`, the text that the hash is of. */
function toItem(service: StateWriter, { sequence, previousHash, content, hash }: AuditEntry) {
  return { service, sequence, ...readContent(content), previousHash, hash, content };
}

function readContent(content: string): Record<string, unknown> {
  try {
    const { at, actor, action, requestId, changes } = JSON.parse(content) as Record<string, unknown>;
    return { at, actor, action, requestId, changes };
  } catch {
    // Somebody changed it: verify-audit says so, and the listing goes on.
    return {};
  }
}

function readService(name: string): StateWriter {
  const service = services.find((known) => known === name);
  if (service) return service;
  throw invalidArgument([{ field: 'service', message: `must be one of ${services.join(', ')}` }]);
}

function readCursor(after: string): { service: StateWriter; sequence: number } {
  const [, service, sequence] = /^([a-z-]+):(\d{1,15})$/.exec(after) ?? [];
  if (service === undefined) throw invalidArgument([{ field: 'after', message: 'must be `next` of the page before' }]);
  return { service: readService(service), sequence: Number(sequence) };
}
