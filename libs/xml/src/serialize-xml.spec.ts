import { describe, expect, it } from '@jest/globals';
import { parseXml } from './parse-xml.js';
import { serializeXml } from './serialize-xml.js';
import type { XmlNode } from './xml-node.js';

const last = (node: XmlNode): XmlNode => {
  const child = node.children.at(-1);
  return child === undefined || child.kind !== 'element' ? node : last(child);
};

describe('an element written without those around it', () => {
  it.each([
    ['a default namespace', '<a xmlns="u"><b/></a>', '<b xmlns="u"/>'],
    ['a default namespace taken back', '<a xmlns="u"><b xmlns=""/></a>', '<b/>'],
    ['a default namespace replaced', '<a xmlns="u"><b xmlns="v"/></a>', '<b xmlns="v"/>'],
    ['a prefix bound anew', '<p:a xmlns:p="u"><p:b xmlns:p="v" p:x="1"/></p:a>', '<p:b xmlns:p="v" p:x="1"/>'],
    [
      'prefixes it does not use itself',
      '<a xmlns:p="u" xmlns:q="v"><b t="p:x"/></a>',
      '<b xmlns:p="u" xmlns:q="v" t="p:x"/>',
    ],
  ])('has each declaration once: %s', (_, xml, expected) => {
    const text = serializeXml(last(parseXml(xml)));
    expect(text).toBe(expected);
    expect(() => parseXml(text)).not.toThrow();
  });
});
