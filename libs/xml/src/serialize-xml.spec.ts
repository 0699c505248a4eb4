import { describe, expect, it } from '@jest/globals';
import { parseXml } from './parse-xml.js';
import { serializeEnvelope } from './serialize-envelope.js';
import { serializeXml } from './serialize-xml.js';
import type { XmlNode } from './xml-node.js';
import { XmlTreeBuilder } from './xml-tree-builder.js';

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

describe('the envelope of a node', () => {
  const envelopeOf = (xml: string, at: (document: XmlNode) => XmlNode): [string, string, string] => {
    const node = at(parseXml(xml));
    const { open, close, inside } = serializeEnvelope(node);
    expect(() => parseXml(`${open}${inside(node)}${close}`)).not.toThrow();
    return [open, inside(node), close];
  };

  it.each([
    [
      'what stands before it',
      '<a k="&amp;"><b>1</b>t<!--c--><c/></a>',
      '<a k="&amp;"><b>1</b>t<!--c-->',
      '<c/>',
      '</a>',
    ],
    ['no white space alone', '<a>\n  <b/>\n  <c/></a>', '<a><b/>', '<c/>', '</a>'],
    [
      'declarations once',
      '<a xmlns="u" xmlns:p="v"><p:b/><c p:x="1"/></a>',
      '<a xmlns="u" xmlns:p="v"><p:b/>',
      '<c p:x="1"/>',
      '</a>',
    ],
    ['declarations taken back', '<a xmlns="u"><b/><c xmlns=""/></a>', '<a xmlns="u"><b/>', '<c xmlns=""/>', '</a>'],
    ['nothing for the root', '<a/>', '', '<a/>', ''],
  ])('has %s', (_, xml, ...parts) => {
    expect(envelopeOf(xml, last)).toEqual(parts);
  });

  it('has no content for an attribute', () => {
    const { open } = serializeEnvelope(
      (parseXml('<a k="1"><b/></a>').firstElement as XmlNode).attributes[0] as XmlNode,
    );
    expect(open).toBe('<a k="1">');
  });

  it('declares for a node of another place what that place has', () => {
    const document = parseXml('<a xmlns="u"><b/><c xmlns="" xmlns:p="v"><d t="p:x"/></c></a>');
    const [b, c] = (document.firstElement as XmlNode).children as [XmlNode, XmlNode];
    expect(serializeEnvelope(b).inside(c.children[0] as XmlNode)).toBe('<d xmlns="" xmlns:p="v" t="p:x"/>');
  });

  it('declares the namespaces of elements that were made without declarations', () => {
    const builder = new XmlTreeBuilder();
    builder.startElement('a', '', 'u');
    builder.startElement('b', 'p', 'v');
    expect(envelopeOf('<x/>', () => last(builder.end()))).toEqual(['<a xmlns="u">', '<p:b xmlns:p="v"/>', '</a>']);
  });
});
