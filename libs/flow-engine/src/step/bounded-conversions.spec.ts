import { describe, expect, it } from '@jest/globals';
import { bodyAfter, flowWith, runNative } from '../testing/flow-fixture.js';

const codeAfter = async (steps: string, body: string): Promise<string | undefined> =>
  (await runNative(flowWith(steps), body)).error?.code;

describe('what a small body can make of itself', () => {
  it('is no element of more attributes than a document may have', async () => {
    const members = Array.from({ length: 1_001 }, (_, index) => `"@a${index}": 1`);
    expect(await codeAfter('- jsonToXml: {}', `{"r": {${members.join(',')}}}`)).toBe('xml-limit-exceeded');
    expect(await codeAfter('- jsonToXml: {}', `{"r": {${members.slice(1).join(',')}}}`)).toBeUndefined();
  });

  it('is no CSV of as many columns as it has records, each empty but for one', async () => {
    const body = `<r>${Array.from({ length: 3_000 }, (_, index) => `<i><a${index}/></i>`).join('')}</r>`;
    expect(await codeAfter('- xmlToCsv: {recordPath: /r/i}', body)).toBe('limit-exceeded');
  });

  it('is not the namespaces above its parts, repeated in each of them', async () => {
    const body = `<r xmlns:p="${'&amp;'.repeat(100_000)}">${'<i/>'.repeat(1_000)}</r>`;
    const steps = '- splitter: {type: iterating, xpath: /r/i, steps: []}';
    expect(await codeAfter(steps, body)).toBe('split-failed');
    expect(await codeAfter(steps, `<r xmlns:p="u">${'<i/>'.repeat(1_000)}</r>`)).toBeUndefined();
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty'])('may call a prefix %s', async (prefix) => {
    const body = `<r xmlns:${prefix}="urn:x"><${prefix}:a ${prefix}:k="1"/><b t="${prefix}:q"/></r>`;
    const text = await bodyAfter('- filter: {xpath: "/r/*"}', body);
    expect(text.match(new RegExp(`xmlns:${prefix}="urn:x"`, 'g'))).toHaveLength(2);
  });
});
