import {
  getAuditHead,
  linesMediaType,
  listAudit,
  showAudit,
  showAuditChain,
  showAuditHeads,
  type StateWriter,
} from '@sluice/contracts';
import { invalidArgument, readTimestamp, unstorableTextFault, type FieldViolation } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { cursorOf, positionOf, type CursorList } from '@sluice/service-shell';
import { Controller, Req, Res, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import { Given, type IncomingRequest } from '../http/given.js';
import type { Reply } from '../http/problem-filter.js';
import { Serves } from '../http/serves.js';
import { toAuditItem, type AuditItem } from './audit-item.js';
import {
  readAuditPosition,
  searchAuditTrails,
  writeAuditPosition,
  type AuditPosition,
  type AuditSearch,
} from './search-audit.js';

const services = Object.keys(listAudit) as StateWriter[];
/** An export asks each service for so many entries at a time, and holds no more of them. */
const exportedAtOnce = 200;

interface AuditQuery extends AuditSearch {
  readonly limit: number;
  readonly after?: string;
}

/** Who changed what, and when: one chain for each service with tables. */
@Controller()
export class AuditController {
  constructor(private readonly requests: RequestClient) {}

  @Serves(showAudit)
  async search(
    @Given() { limit, after, ...given }: AuditQuery,
    @Req() request: IncomingRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<{ items: AuditItem[]; next?: string } | StreamableFile> {
    const search = readSearch(given);
    const list = searchOf(given.service);
    const start = after === undefined ? undefined : readAuditPosition(positionOf(list, after));
    reply.header('vary', 'Accept');
    if (asksForLines(request)) {
      if ('limit' in (request.query as object))
        throw invalidArgument([{ field: 'limit', message: `is of pages; ${linesMediaType} has none` }]);
      return this.#lines(search, start);
    }
    const items: AuditItem[] = [];
    let last: AuditPosition | undefined;
    for await (const { item, position } of searchAuditTrails(this.requests, search, start, limit + 1)) {
      if (items.length === limit) return { items, ...(last ? { next: cursorOf(list, writeAuditPosition(last)) } : {}) };
      items.push(item);
      last = position;
    }
    return { items };
  }

  /** One service's entries in their order. */
  @Serves(showAuditChain)
  async chain(@Given() { service, limit, after }: { service: StateWriter; limit: number; after?: string }) {
    const list = chainOf(service);
    let last = after === undefined ? 0 : Number(positionOf(list, after));
    const items: AuditItem[] = [];
    while (items.length < limit) {
      const { entries } = await this.requests.call(listAudit[service], { after: last, limit: limit - items.length });
      if (entries.length === 0) return { items };
      items.push(...entries.map((entry) => toAuditItem(service, entry)));
      last = entries.at(-1)?.sequence ?? last;
    }
    return { items, next: cursorOf(list, String(last)) };
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

  /** What goes wrong before the first line is a problem document; later the connection ends before the answer does. */
  async #lines(search: AuditSearch, after: AuditPosition | undefined): Promise<StreamableFile> {
    const found = searchAuditTrails(this.requests, search, after, exportedAtOnce);
    const first = await found.next();
    async function* lines(): AsyncGenerator<string> {
      if (first.done) return;
      yield `${JSON.stringify(first.value.item)}\n`;
      for await (const { item } of found) yield `${JSON.stringify(item)}\n`;
    }
    return new StreamableFile(Readable.from(lines(), { highWaterMark: 16 }), { type: linesMediaType });
  }
}

function asksForLines({ headers }: IncomingRequest): boolean {
  return String(headers['accept'] ?? '')
    .toLowerCase()
    .split(',')
    .some((range) => range.split(';')[0]?.trim() === linesMediaType);
}

/** @throws SluiceError `invalid-argument` naming what cannot be looked for */
function readSearch({ since, until, ...search }: AuditSearch): AuditSearch {
  const faults: FieldViolation[] = [];
  for (const field of ['actor', 'operation', 'entity', 'table'] as const) {
    const message = search[field] === undefined ? undefined : unstorableTextFault(search[field]);
    if (message !== undefined) faults.push({ field, message });
  }
  if (faults.length > 0) throw invalidArgument(faults);
  return { ...search, ...inUtc('since', since), ...inUtc('until', until) };
}

function inUtc(name: 'since' | 'until', text: string | undefined): { since?: string; until?: string } {
  return text === undefined ? {} : { [name]: new Date(readTimestamp(text) as number).toISOString() };
}

/** With all services the list is another one than that of a service. */
function searchOf(only: StateWriter | undefined): CursorList {
  const isPosition = (text: string) => {
    const position = readAuditPosition(text);
    return position !== undefined && (only === undefined || position.service === only);
  };
  return { name: 'list-audit.v2', scope: only, isPosition };
}

function chainOf(service: StateWriter): CursorList {
  return { name: 'list-audit-chain.v1', scope: service, isPosition: (text) => /^[1-9]\d{0,14}$/.test(text) };
}
