import {
  getAuditHead,
  listAudit,
  showAudit,
  showAuditHeads,
  type AuditEntry,
  type StateWriter,
} from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { cursorOf, positionOf, type CursorList } from '@sluice/service-shell';
import { Controller } from '@nestjs/common';
import { Given } from '../http/given.js';
import { Serves } from '../http/serves.js';

const services = Object.keys(listAudit) as StateWriter[];

interface AuditQuery {
  readonly limit: number;
  readonly after?: string;
  readonly service?: StateWriter;
}

/** Who changed what, and when: one chain for each service with tables. */
@Controller()
export class AuditController {
  constructor(private readonly requests: RequestClient) {}

  /** One service's entries in their order, or one service's after the other's. */
  @Serves(showAudit)
  async list(@Given() { limit, after, service: only }: AuditQuery) {
    const wanted = only === undefined ? services : [only];
    const list = auditOf(only);
    const cursor = after === undefined ? undefined : readPosition(positionOf(list, after));
    const items: ReturnType<typeof toItem>[] = [];
    for (const service of wanted.slice(cursor ? wanted.indexOf(cursor.service) : 0)) {
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
    return {
      items,
      ...(end && items.length >= limit ? { next: cursorOf(list, `${end.service}:${end.sequence}`) } : {}),
    };
  }

  /** The newest hash of each chain. */
  @Serves(showAuditHeads)
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

/** A position is `<service>:<sequence>`; with all services the list is another one than that of the service. */
function auditOf(only: StateWriter | undefined): CursorList {
  const wanted: readonly string[] = only === undefined ? services : [only];
  const isPosition = (text: string) => {
    const { service, sequence } = readPosition(text);
    return wanted.includes(service) && Number.isSafeInteger(sequence) && sequence > 0;
  };
  return { name: 'list-audit.v1', scope: only, isPosition };
}

function readPosition(text: string): { service: StateWriter; sequence: number } {
  const [service, sequence] = text.split(':');
  return { service: service as StateWriter, sequence: Number(sequence) };
}
