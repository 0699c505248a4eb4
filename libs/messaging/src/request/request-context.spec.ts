import { afterEach, describe, expect, it } from '@jest/globals';
import {
  continueRequest,
  currentRequest,
  maySample,
  runInRequest,
  sampleTracesBy,
  writeMakers,
} from './request-context.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';
const parent = (flags: string): string => `00-${traceId}-${parentId}-${flags}`;
const partsOf = (traceparent: string): string[] => traceparent.split('-');

afterEach(() => sampleTracesBy(undefined));

describe('the context of a request', () => {
  it('goes on with the trace of its caller under a span of its own', () => {
    const context = continueRequest({
      traceparent: parent('01'),
      requestId: 'r-1',
      actor: 'ops@example',
      action: 'a.b',
    });
    const [version, trace, span, flags] = partsOf(context.traceparent);
    expect([version, trace, flags]).toEqual(['00', traceId, '01']);
    expect(span).toMatch(/^[0-9a-f]{16}$/);
    expect(span).not.toBe(parentId);
    expect(context).toMatchObject({ parentSpanId: parentId, requestId: 'r-1', actor: 'ops@example', action: 'a.b' });
  });

  // https://www.w3.org/TR/trace-context/#traceparent-header-field-values
  it.each([
    ['there is none', undefined],
    ['it is empty', ''],
    ['its trace id is all zeros', `00-${'0'.repeat(32)}-${parentId}-01`],
    ['its parent id is all zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['its version is ff', `ff-${traceId}-${parentId}-01`],
    ['its letters are capitals', parent('01').toUpperCase()],
    ['something stands behind it', `${parent('01')}-x`],
    ['a line break stands behind it', `${parent('01')}\n`],
    ['its trace id is short', `00-${traceId.slice(1)}-${parentId}-01`],
  ])('begins a trace that is not sampled when %s', (_what, traceparent) => {
    const context = continueRequest({ traceparent });
    expect(context.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(context.traceparent).not.toContain(traceId);
    expect(context).not.toHaveProperty('parentSpanId');
  });

  it.each(['', 'a b', 'a\nb', 'ü', 'x'.repeat(66)])('takes no request id and no actor of the form %j', (text) => {
    const context = continueRequest({ requestId: text, actor: text });
    expect(context.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(context).not.toHaveProperty('actor');
  });

  it('is there for all that is done for the request, and for nothing else', async () => {
    const context = continueRequest({});
    expect(currentRequest()).toBeUndefined();
    const seen = await runInRequest(context, async () => {
      await Promise.resolve();
      return currentRequest();
    });
    expect(seen).toBe(context);
    expect(currentRequest()).toBeUndefined();
  });
});

describe('the decision which traces are sampled', () => {
  it('is the sender’s where nobody decides here', () => {
    expect([maySample(parent('01')), maySample(parent('00')), maySample(parent('03')), maySample(undefined)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('is made here for every trace once somebody decides, with what the sender said', () => {
    const asked: unknown[] = [];
    let answer = true;
    sampleTracesBy((id, from) => {
      asked.push([id, from]);
      return answer;
    });
    expect(maySample(undefined)).toBe(true);
    const flagsOf = (traceparent?: string): string | undefined =>
      partsOf(continueRequest({ traceparent }).traceparent)[3];
    expect(flagsOf(parent('02'))).toBe('03');
    answer = false;
    expect(flagsOf(parent('03'))).toBe('02');
    expect(flagsOf()).toBe('00');
    expect(asked).toEqual([
      [traceId, { spanId: parentId, sampled: false }],
      [traceId, { spanId: parentId, sampled: true }],
      [expect.stringMatching(/^[0-9a-f]{32}$/), undefined],
    ]);
  });
});

describe('who made what an administrator is known by', () => {
  it.each([[['anna', 'initial', 'installation']], [[]], [['https://issuer.example#anna']], [undefined]])(
    'is the same on the other side: %j',
    (makers) => expect(continueRequest({ makers: writeMakers(makers) }).makers).toEqual(makers),
  );

  it.each([['a,b'], ['ä'], [''], ['a b']])('is not known where a name would be read as another: %j', (name) =>
    expect(continueRequest({ makers: writeMakers([name]) }).makers).toBeUndefined(),
  );
});
