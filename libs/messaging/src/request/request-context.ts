import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

/** What follows a request through every service it touches: it is in each log line and in the NATS headers. */
export interface RequestContext {
  readonly requestId: string;
  /** W3C Trace Context, https://www.w3.org/TR/trace-context/#traceparent-header */
  readonly traceparent: string;
  /** Span id of the caller; absent when the trace begins here. */
  readonly parentSpanId?: string;
  /** Subject of the request that is being answered. */
  readonly action?: string | undefined;
  /** Name of the admin token it came with, or of the service instance and the service key, with `/` between: known at the edge once it was checked, and handed on from there. */
  actor?: string | undefined;
  /** Roles of that administrator that are rights at the admin API; absent, it has none that anybody could rely on. */
  rights?: readonly string[] | undefined;
  /** Who made what that administrator is known by, the nearest first; absent: not known. */
  makers?: readonly string[] | undefined;
}

export const requestIdHeader = 'Sluice-Request-Id';
export const traceparentHeader = 'traceparent';
export const actorHeader = 'Sluice-Actor';
export const rightsHeader = 'Sluice-Actor-Rights';
export const makersHeader = 'Sluice-Actor-Makers';
/** Known, and none: an empty header is none. */
const nobody = ':';

const storage = new AsyncLocalStorage<RequestContext>();
/** An id of zeros is none, and a traceparent with one is to be ignored: https://www.w3.org/TR/trace-context/#trace-id */
const wellFormed = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

export function runInRequest<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** Whether a trace is sampled. @param parent what the sender said of it; absent when the trace begins here */
export type SampleTrace = (
  traceId: string,
  parent: { readonly spanId: string; readonly sampled: boolean } | undefined,
) => boolean;

let sampleTrace: SampleTrace | undefined;

/** Decides from now on which traces are sampled, in the whole process: without, those whose sender says so. */
export function sampleTracesBy(decide: SampleTrace | undefined): void {
  sampleTrace = decide;
}

/** Whether what {@link continueRequest} makes of it may be sampled: costs nothing where it is not. */
export function maySample(traceparent: string | undefined): boolean {
  if (sampleTrace !== undefined) return true;
  return traceparent !== undefined && (Number.parseInt(traceparent.slice(53, 55), 16) & 1) === 1;
}

/** Goes on with the caller's context where it gave a well-formed one, else begins a new one. */
export function continueRequest(given: {
  requestId?: string | undefined;
  traceparent?: string | undefined;
  actor?: string | undefined;
  /** Names with a comma between two. */
  rights?: string | undefined;
  /** As {@link writeMakers} writes them. */
  makers?: string | undefined;
  action?: string | undefined;
}): RequestContext {
  const traceparent = given.traceparent && wellFormed.test(given.traceparent) ? given.traceparent : undefined;
  return {
    ...(given.action ? { action: given.action } : {}),
    ...(given.actor && /^[\w.@/-]{1,65}$/.test(given.actor) ? { actor: given.actor } : {}),
    ...(given.rights && /^[\w.,]{1,1024}$/.test(given.rights) ? { rights: given.rights.split(',') } : {}),
    ...(given.makers && /^[\x21-\x7e]{1,4096}$/.test(given.makers)
      ? { makers: given.makers === nobody ? [] : given.makers.split(',') }
      : {}),
    ...(traceparent ? { parentSpanId: traceparent.slice(36, 52) } : {}),
    requestId: given.requestId && /^[\w-]{1,64}$/.test(given.requestId) ? given.requestId : randomUUID(),
    traceparent: sampled(
      traceparent
        ? `${traceparent.slice(0, 36)}${randomId(16)}${traceparent.slice(52)}`
        : `00-${randomId(32)}-${randomId(16)}-00`,
      traceparent?.slice(36, 52),
    ),
  };
}

/** Names with a comma between two; undefined where nothing is known of them. */
export function writeMakers(makers: readonly string[] | undefined): string | undefined {
  if (makers === undefined || makers.some((name) => !/^[\x21-\x2b\x2d-\x7e]+$/.test(name))) return undefined;
  return makers.length === 0 ? nobody : makers.join(',');
}

/** The flags with the one of sampling as it was decided. https://www.w3.org/TR/trace-context/#trace-flags */
function sampled(traceparent: string, parentSpanId: string | undefined): string {
  if (sampleTrace === undefined) return traceparent;
  const flags = Number.parseInt(traceparent.slice(53), 16);
  const parent = parentSpanId === undefined ? undefined : { spanId: parentSpanId, sampled: (flags & 1) === 1 };
  const decided = sampleTrace(traceparent.slice(3, 35), parent) ? flags | 1 : flags & ~1;
  return `${traceparent.slice(0, 53)}${decided.toString(16).padStart(2, '0')}`;
}

/** Hexadecimal, never all zero. From Node's store of random UUIDs, which looks at the random source once for many. */
function randomId(digits: 16 | 32): string {
  return randomUUID().replaceAll('-', '').slice(0, digits);
}
