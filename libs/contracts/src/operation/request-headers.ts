import { invalidArgument } from '@sluice/domain';

/** Members of a request that a header of the call gives. */
export const headerMembers = ['ifMatch', 'ifNoneMatch', 'idempotencyKey', 'lastEventId'] as const;
export type HeaderMember = (typeof headerMembers)[number];

interface RequestHeader {
  readonly name: string;
  readonly description: string;
  /** As OpenAPI tells it. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** @throws FaultyHeader */
  readonly read: (text: string) => unknown;
}

class FaultyHeader extends Error {}

/** entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE (RFC 9110 §8.8.3); in a list, elements may be empty (§5.6.1). */
const entityTags =
  /^[ \t,]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:[ \t]*,[ \t,]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*[ \t,]*$/;

export const requestHeaders: Readonly<Record<HeaderMember, RequestHeader>> = {
  ifMatch: {
    name: 'If-Match',
    description:
      'The change is made only if what it changes still has one of these entity tags, else it is answered 412; `*`: only if it is there.',
    schema: { type: 'string', examples: ['"17"'] },
    read: readTags,
  },
  ifNoneMatch: {
    name: 'If-None-Match',
    description: '`*`: only what is not there yet is made, else it is answered 412.',
    schema: { type: 'string', const: '*' },
    read: (text) => {
      if (text.trim() === '*') return '*';
      throw new FaultyHeader('must be *, for a call that makes what is not there yet');
    },
  },
  idempotencyKey: {
    name: 'Idempotency-Key',
    description:
      'A text of your own, another one for each request. Who repeats a request with its key within ten minutes gets the first answer, and nothing is made again; an answer with what is shown once is given again one time.',
    schema: {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      pattern: '^[\\x21-\\x7e]*$',
      examples: ['8e03978e-40d5-43dd-bc93-6894a57f9324'],
    },
    read: (text) => {
      if (/^[\x21-\x7e]{1,255}$/.test(text)) return text;
      throw new FaultyHeader('must be 1 to 255 visible ASCII characters, given once');
    },
  },
  lastEventId: {
    name: 'Last-Event-ID',
    description:
      'The `id` of the last message that was read, as browsers send it by themselves when they connect again.',
    schema: { type: 'string', maxLength: 512 },
    read: (text) => {
      if (text.length <= 512) return text;
      throw new FaultyHeader('must be the id of a message, of at most 512 characters');
    },
  },
};

/** Strong comparison (RFC 9110 §8.8.3.2): a weak tag matches nothing. */
function readTags(text: string): '*' | string[] {
  if (text.trim() === '*') return '*';
  if (!entityTags.test(text))
    throw new FaultyHeader('must be * or one or several entity tags in quotes, as ETag gave them (RFC 9110 §13.1.1)');
  return Array.from(text.matchAll(/(W\/)?"([^"]*)"/g)).flatMap(([, weak, tag]) => (weak ? [] : [tag as string]));
}

/**
 * What the headers of a call give. One that this call does not take is refused where it would have kept something from being
 * changed; a GET may say what it likes.
 * @throws SluiceError `invalid-argument` naming every header that is wrong
 */
export function readRequestHeaders(
  operation: { readonly method: string; readonly headers: readonly HeaderMember[] },
  given: Readonly<Record<string, string | string[] | undefined>>,
): Partial<Record<HeaderMember, unknown>> {
  const read: Partial<Record<HeaderMember, unknown>> = {};
  const violations: { field: string; message: string }[] = [];
  for (const member of headerMembers) {
    const header = requestHeaders[member];
    const text = given[header.name.toLowerCase()];
    if (text === undefined) continue;
    if (!operation.headers.includes(member)) {
      if (operation.method !== 'GET') violations.push({ field: header.name, message: 'is not taken by this call' });
      continue;
    }
    try {
      read[member] = header.read(String(text));
    } catch (error) {
      if (!(error instanceof FaultyHeader)) throw error;
      violations.push({ field: header.name, message: error.message });
    }
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return read;
}
