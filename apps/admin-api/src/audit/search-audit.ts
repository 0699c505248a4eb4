import { findAudit, type AuditEntry, type StateWriter } from '@sluice/contracts';
import { unstorableTextFault } from '@sluice/domain';
import type { RequestClient } from '@sluice/messaging';
import { toAuditItem, type AuditItem } from './audit-item.js';

type Entry = AuditEntry & { readonly at: string };

/** What an entry must be; all of it. Times are ISO 8601 with milliseconds, in UTC. */
export interface AuditSearch {
  readonly service?: StateWriter | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly actor?: string | undefined;
  readonly operation?: string | undefined;
  readonly entity?: string | undefined;
  readonly table?: string | undefined;
}

/** An entry among those of all services: newest first, of one moment by the name of the service, then the later one of its chain. */
export interface AuditPosition {
  readonly at: string;
  readonly service: StateWriter;
  readonly sequence: number;
}

/** What a service gives at once. */
const maxAtOnce = 1_000;

const services = Object.keys(findAudit).sort() as StateWriter[];

export function writeAuditPosition({ at, service, sequence }: AuditPosition): string {
  return JSON.stringify([at, service, sequence]);
}

/** @returns undefined for what can be none */
export function readAuditPosition(text: string): AuditPosition | undefined {
  try {
    const [at, service, sequence, ...more] = JSON.parse(text) as unknown[];
    const isOne =
      typeof at === 'string' &&
      unstorableTextFault(at) === undefined &&
      services.includes(service as StateWriter) &&
      Number.isSafeInteger(sequence) &&
      (sequence as number) >= 0 &&
      more.length === 0;
    return isOne ? { at, service: service as StateWriter, sequence: sequence as number } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The entries of all services that a search fits, after a position, as they are taken: each service is asked for so many at a time.
 * @throws SluiceError of a service that does not answer
 */
export async function* searchAuditTrails(
  requests: Pick<RequestClient, 'call'>,
  { service: only, operation, ...filter }: AuditSearch,
  after: AuditPosition | undefined,
  atOnce: number,
): AsyncGenerator<{ readonly item: AuditItem; readonly position: AuditPosition }, void, undefined> {
  const trails = services
    .filter((service) => only === undefined || service === only)
    .map((service) => ({ service, entries: [] as Entry[], more: true, before: after && placeIn(service, after) }));
  const fill = async (trail: (typeof trails)[number]) => {
    if (trail.entries.length > 0 || !trail.more) return;
    const { service, before } = trail;
    const found = await requests.call(findAudit[service], {
      ...filter,
      ...(operation === undefined ? {} : { operation: actionOf(service, operation) }),
      ...(before ? { before } : {}),
      limit: Math.min(atOnce, maxAtOnce),
    });
    trail.entries = found.entries;
    trail.more = found.more && found.entries.length > 0;
  };
  for (;;) {
    await Promise.all(trails.map(fill));
    let next: (typeof trails)[number] | undefined;
    for (const trail of trails) {
      const [entry] = trail.entries;
      if (entry && (next?.entries[0] === undefined || entry.at > next.entries[0].at)) next = trail;
    }
    const entry = next?.entries.shift();
    if (!next || !entry) return;
    next.before = { at: entry.at, sequence: entry.sequence };
    const position = { ...next.before, service: next.service };
    yield { item: toAuditItem(next.service, entry), position };
  }
}

/** What entries say of an operation: the subject of the request that it was, of which people give the name. */
function actionOf(service: StateWriter, operation: string): string {
  return operation.includes('.') ? operation : `sluice.${service}.${operation}.v1`;
}

/** Where a service's entries go on after an entry of whichever service. */
function placeIn(service: StateWriter, { at, service: of, sequence }: AuditPosition): { at: string; sequence: number } {
  if (service === of) return { at, sequence };
  // Of one moment those of services earlier by name have been given, those of later ones are to come.
  return { at, sequence: service < of ? 0 : Number.MAX_SAFE_INTEGER };
}
