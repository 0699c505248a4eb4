import { describe, expect, it } from '@jest/globals';
import { FakeHttp, bodyAfter, flowWith, problemsOf, runNative } from '../testing/flow-fixture.js';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';
const step = (settings: string, more = ''): string =>
  `- splitter: {${settings.includes('type:') ? '' : 'type: iterating, '}${settings}, steps: [{send: {adapter: HTTP, address: "http://r/"}}]${more}}`;

async function partsOf(settings: string, body: string, head = ''): Promise<string[]> {
  const http = new FakeHttp({ 'http://r/': () => ({}) });
  const outcome = await runNative(flowWith(step(settings), head), body, { http });
  if (outcome.error !== undefined) throw new Error(outcome.error.message);
  return http.requests.map((request) => new TextDecoder().decode(request.body ?? undefined).replace(DECLARATION, ''));
}

const PLAIN = '<a xmlns="sap"><b><c>1</c><c>2</c></b></a>';
const NESTED = '<a xmlns="sap"><b xmlns="other"><c>1</c></b><b><c xmlns="">2</c></b></a>';
const PREFIXED = '<n:a xmlns:n="sap"><b><c>1</c><n:c>2</n:c></b></n:a>';
const MIXED = '<n:a xmlns:n="sap" xmlns="sap"><b><c>1</c></b></n:a>';
const PREFIXES = 'namespaces: {n0: sap, n1: other}\n';
const OLD = 'ignoreDefaultNamespaces: true';

describe('a splitter to whose XPath default namespaces count', () => {
  it.each([
    ['/a/b/c', PLAIN, []],
    ['/n0:a/b/c', PLAIN, []],
    ['/n0:a/n0:b/n0:c', PLAIN, ['<c xmlns="sap">1</c>', '<c xmlns="sap">2</c>']],
    ['//n1:c', NESTED, ['<c xmlns="other">1</c>']],
    ['/n0:a/n0:b/c', NESTED, ['<c>2</c>']],
    ['/n0:a/b/c', PREFIXED, ['<c xmlns:n="sap">1</c>']],
    ['//n0:c', PREFIXED, ['<n:c xmlns:n="sap">2</n:c>']],
    ['/n0:a/n0:b/n0:c', MIXED, ['<c xmlns:n="sap" xmlns="sap">1</c>']],
  ])('splits by %s', async (xpath, body, parts) => {
    expect(await partsOf(`xpath: "${xpath}"`, body, PREFIXES)).toEqual(parts);
  });
});

describe('a splitter to whose XPath default namespaces do not count', () => {
  it.each([
    ['/a/b/c', PLAIN, ['<c xmlns="sap">1</c>', '<c xmlns="sap">2</c>']],
    ['//c', PLAIN, ['<c xmlns="sap">1</c>', '<c xmlns="sap">2</c>']],
    ['//c[. = 2]', PLAIN, ['<c xmlns="sap">2</c>']],
    ['/n0:a/n0:b/n0:c', PLAIN, []],
    ['//c', NESTED, ['<c xmlns="other">1</c>', '<c>2</c>']],
    ['/n0:a/b/c', PREFIXED, ['<c xmlns:n="sap">1</c>']],
    ['/a/b/c', PREFIXED, []],
    ['//n0:c', PREFIXED, ['<n:c xmlns:n="sap">2</n:c>']],
    ['/n0:a/b/c', MIXED, ['<c xmlns:n="sap" xmlns="sap">1</c>']],
  ])('splits by %s', async (xpath, body, parts) => {
    expect(await partsOf(`${OLD}, xpath: "${xpath}"`, body, PREFIXES)).toEqual(parts);
  });

  it('leaves the namespace in the parts, and what is around them as it was', async () => {
    const steps = `- splitter: {${OLD}, xpath: /a/b/c, steps: [], gather: {}}`;
    expect(await bodyAfter(steps, PLAIN)).toContain(
      '<multimap:Message1><a xmlns="sap"><b><c>1</c></b></a><a xmlns="sap"><b><c>2</c></b></a></multimap:Message1>',
    );
  });
});

describe('a general splitter', () => {
  const general = async (xpath: string, body: string, more = '') =>
    await partsOf(`type: general, ${more}xpath: "${xpath}"`, body, PREFIXES);
  const SHOP =
    '<root><shop><product><id>1</id><id>2</id></product><customerReview><id>3</id><id>4</id></customerReview></shop></root>';

  it('keeps what stands before the first split point, and nothing behind one', async () => {
    expect(await general('/c/o', '<c>\n <n>0001</n>\n <o>1</o>\n <o>2</o>\n <e/></c>')).toEqual([
      '<c><n>0001</n><o>1</o></c>',
      '<c><n>0001</n><o>2</o></c>',
    ]);
    expect(await general('//customerReview/id', SHOP)).toEqual([
      '<root><shop><product><id>1</id><id>2</id></product><customerReview><id>3</id></customerReview></shop></root>',
      '<root><shop><product><id>1</id><id>2</id></product><customerReview><id>4</id></customerReview></shop></root>',
    ]);
  });

  it('puts all parts where the first one stands, as the reference does', async () => {
    expect(await general('//id', SHOP)).toEqual(
      [1, 2, 3, 4].map((id) => `<root><shop><product><id>${id}</id></product></shop></root>`),
    );
  });

  it('repeats it for each group', async () => {
    expect(await general('//o', '<c><n/><o>1</o><o>2</o><o>3</o></c>', 'groupSize: 2, ')).toEqual([
      '<c><n/><o>1</o><o>2</o></c>',
      '<c><n/><o>3</o></c>',
    ]);
  });

  it('keeps namespaces', async () => {
    const body = '<c xmlns="sap" xmlns:p="other"><p:n/><o>1</o><o xmlns="other">2</o></c>';
    expect(await general('//*:o', body)).toEqual([
      '<c xmlns="sap" xmlns:p="other"><p:n/><o>1</o></c>',
      '<c xmlns="sap" xmlns:p="other"><p:n/><o xmlns="other">2</o></c>',
    ]);
    expect(await general('/c/o', body, 'ignoreDefaultNamespaces: true, ')).toHaveLength(2);
  });

  it('does not repeat without bound', async () => {
    const body = `<c><n>${'x'.repeat(300_000)}</n>${'<o/>'.repeat(1_000)}</c>`;
    const outcome = await runNative(flowWith('- splitter: {xpath: /c/o, steps: []}'), body);
    expect(outcome.error?.code).toBe('split-failed');
  });
});

describe('namespaces behind the XPath of a splitter', () => {
  it.each([
    ['/x:a/x:b/x:c xmlns:x="sap"', PLAIN, 2],
    ["/x:a/y:b/y:c xmlns:x='sap' xmlns:y='other'", NESTED, 1],
    ['/n0:a/n0:b/n0:c xmlns:n0="other"', PLAIN, 0],
    ['/x:xmlns xmlns:x = "http://www.w3.org/2000/xmlns/" ', '<xmlns xmlns="urn:a"/>', 0],
    ['/x:xmlns xmlns:x="urn:xmlns"', '<xmlns xmlns="urn:xmlns"/>', 1],
  ])('are prefixes of that expression alone: %s', async (xpath, body, parts) => {
    expect(await partsOf(`xpath: ${JSON.stringify(xpath)}`, body, PREFIXES)).toHaveLength(parts);
  });

  it('cannot be a default namespace', () => {
    expect(problemsOf(flowWith(step(`xpath: ${JSON.stringify('/a/b xmlns="sap"')}`)))).toEqual([
      expect.objectContaining({ code: 'invalid-expression', path: 'steps[0].splitter.expression' }),
    ]);
  });

  it('must be there for each prefix', () => {
    expect(problemsOf(flowWith(step('xpath: /n0:a')))[0]?.code).toBe('invalid-expression');
  });
});

describe('a splitter that finds nothing', () => {
  const outcomeOf = async (steps: string, head = '', body = PLAIN) => await runNative(flowWith(steps, head), body);
  const NOTHING = '- splitter: {xpath: /a/b/c, steps: [], gather: {}}';
  const BEHIND = '- contentModifier: {body: went on}';

  it.each(['', ', gather: {}'])('ends the message without a body, and says why in its log (%s)', async (gather) => {
    const outcome = await outcomeOf(`- splitter: {xpath: /a/b/c, steps: []${gather}}`);
    expect([outcome.status, outcome.message.text()]).toEqual(['COMPLETED', '']);
    expect(outcome.log).toEqual([
      expect.objectContaining({ stepId: 'step-1', text: expect.stringContaining('default namespace "sap"') }),
    ]);
  });

  it('names no namespace where none is to blame, and nothing at level NONE', async () => {
    expect((await outcomeOf(NOTHING, '', '<a/>')).log[0]?.text).not.toContain('namespace');
    expect((await outcomeOf(NOTHING, 'log: {level: NONE}\n')).log).toEqual([]);
  });

  it('runs no step behind it, not in the process that called it, either', async () => {
    const called = `processes: {p: {steps: [{splitter: {xpath: /a/b/c, steps: [], gather: {}}}]}}\n`;
    expect((await outcomeOf(`${NOTHING}\n${BEHIND}`)).message.text()).toBe('');
    expect((await outcomeOf(`- processCall: {process: p}\n${BEHIND}`, called)).message.text()).toBe('');
    const loop = '- processCall: {process: p, loop: {while: {xpath: "/*"}, maximumIterations: 5}}';
    const outcome = await outcomeOf(`${loop}\n${BEHIND}`, called);
    expect([outcome.status, outcome.message.text(), outcome.log.length]).toEqual(['COMPLETED', '', 1]);
  });

  it('ends a part alone, when the whole goes on', async () => {
    const steps = `- splitter: {type: iterating, xpath: /r/x, steps: [{splitter: {xpath: /x/y, steps: [], gather: {}}}], gather: {}}\n- filter: {xpath: "//y"}`;
    expect((await outcomeOf(steps, '', '<r><x/><x><y/></x></r>')).message.text()).toMatch(/^<y[^>]*\/>$/);
  });
});
