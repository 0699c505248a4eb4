import { describe, expect, it } from '@jest/globals';
import { bodyAfter, failureOf, flowWith, problemsOf } from '../testing/flow-fixture.js';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';
const xmlOf = async (settings: string, json: string): Promise<string> =>
  (await bodyAfter(`- jsonToXml: {${settings}}`, json)).replace(DECLARATION, '');
const jsonOf = async (settings: string, xml: string): Promise<string> =>
  await bodyAfter(`- xmlToJson: {${settings}}`, xml);
const M = "namespaces: {m: 'urn:m'}, namespaceSeparator: '.'";
const BOTH = 'namespaces: {abc: "http://com.sap/abc", xyz: "http://com.sap/xyz"}';

describe('namespace prefixes from JSON to XML', () => {
  it.each([
    ['{"r":{"m.a":1}}', '<r xmlns:m="urn:m"><m:a>1</m:a></r>'],
    ['{"r":{"file.name":1}}', '<r xmlns:m="urn:m"><file.name>1</file.name></r>'],
    ['{"r":{"a.b.c":1}}', '<r xmlns:m="urn:m"><a.b.c>1</a.b.c></r>'],
    ['{"r":{"M.a":1}}', '<r xmlns:m="urn:m"><M.a>1</M.a></r>'],
    ['{"r":{"m.file.name":1}}', '<r xmlns:m="urn:m"><m:file.name>1</m:file.name></r>'],
    ['{"r":{"@m.x":1,"@p.x":2,"@x":3}}', '<r xmlns:m="urn:m" m:x="1" p.x="2" x="3"/>'],
    ['{"r":{"toString.a":1}}', '<r xmlns:m="urn:m"><toString.a>1</toString.a></r>'],
  ])('with a mapping: %s', async (json, xml) => {
    expect(await xmlOf(M, json)).toBe(xml);
  });

  it('takes the whole name where the mapping is empty', async () => {
    expect(await xmlOf("namespaces: {}, namespaceSeparator: '.'", '{"p.A":"v"}')).toBe('<p.A>v</p.A>');
  });

  it('declares the whole mapping on the root, and on an added root', async () => {
    const json = '{"abc:A":{"xyz:B":{"@xyz:attr1":"1","@attr2":"2","$":"valueB"},"C":["c1","c2"],"D":"","E":"e"}}';
    const content = '<xyz:B xyz:attr1="1" attr2="2">valueB</xyz:B><C>c1</C><C>c2</C><D/><E>e</E></abc:A>';
    const declared = 'xmlns:abc="http://com.sap/abc" xmlns:xyz="http://com.sap/xyz"';
    expect(await xmlOf(BOTH, json)).toBe(`<abc:A ${declared}>${content}`);
    expect(await xmlOf(`${BOTH}, rootElement: root`, json)).toBe(`<root ${declared}><abc:A>${content}</root>`);
    expect(await xmlOf(`${BOTH}, rootElement: root, rootNamespace: "http://com.sap/xyz"`, '{"C":1}')).toBe(
      `<xyz:root ${declared}><C>1</C></xyz:root>`,
    );
  });

  it('drops prefixes without a mapping', async () => {
    expect(await xmlOf('', '{"abc:A":{"xyz:B":{"@xyz:attr1":"1","@attr2":"2","$":"b"},"file.name":1}}')).toBe(
      '<A><B attr1="1" attr2="2">b</B><file.name>1</file.name></A>',
    );
  });

  it('keeps an unmapped prefix before a colon, which no step that reads namespaces takes', async () => {
    expect(await xmlOf(BOTH, '{"p:A":{"@q:x":1}}')).toBe(
      '<p:A xmlns:abc="http://com.sap/abc" xmlns:xyz="http://com.sap/xyz" q:x="1"/>',
    );
    expect(await failureOf(`- jsonToXml: {${BOTH}}\n- filter: {xpath: "//A"}`, '{"p:A":1}')).toBe('xml-malformed');
  });

  it.each([
    ['a name that is none without its separator', "namespaces: {}, namespaceSeparator: '|'", '{"p|A":1}'],
    ['a name with two colons', BOTH, '{"p:A:B":1}'],
    ['a name that is only a prefix', M, '{"m.":1}'],
    ['a name that begins with xml', '', '{"xmlfoo":1}'],
    ['an added root that begins with xml', 'rootElement: xmlRoot', '{"a":1}'],
    ['a prefix that begins with xml', BOTH, '{"XMLx:a":1}'],
    ['a declaration as a member', '', '{"a":{"@xmlns:p":"urn:p"}}'],
    ['an attribute behind an element', '', '{"a":{"b":1,"@c":2}}'],
    ['an attribute behind text', '', '{"a":{"$":"t","@c":2}}'],
    ['an attribute that is null', '', '{"a":{"@b":null}}'],
    ['an attribute that is an object', '', '{"a":{"@b":{}}}'],
    ['an attribute at the top', 'rootElement: root', '{"@a":1,"b":2}'],
    ['two attributes of one name', '', '{"a":{"@p:x":1,"@x":2}}'],
    ['two attributes of one namespace and name', "namespaces: {p: 'u', q: 'u'}", '{"a":{"@p:x":1,"@q:x":2}}'],
  ])('fails on %s', async (_, settings, json) => {
    expect(await failureOf(`- jsonToXml: {${settings}}`, json)).toBe('conversion-failed');
  });
});

describe('namespace prefixes from XML to JSON', () => {
  it.each([
    ['<ns:A xmlns:ns="urn:x"/>', '{"ns.A":""}'],
    ['<n:A xmlns:n="urn:m"><n:b/></n:A>', '{"m.A":{"m.b":""}}'],
    ['<A xmlns="urn:m" x="1"/>', '{"m.A":{"@x":"1"}}'],
    ['<r xmlns:p="urn:1" xmlns:q="urn:2"><p:A>1</p:A><q:A>2</q:A></r>', '{"r":{"p.A":"1","q.A":"2"}}'],
    ['<a xmlns:p="urn:1" p:x="1" x="2"/>', '{"a":{"@p.x":"1","@x":"2"}}'],
    ['<a xmlns:p="urn:m" p:x="1" x="2"/>', '{"a":{"@m.x":"1","@x":"2"}}'],
    ['<a xml:lang="en"/>', '{"a":{"@xml.lang":"en"}}'],
    ['<p:a xmlns:p="urn:1"><b xmlns="urn:m"><p:c/></b></p:a>', '{"p.a":{"m.b":{"p.c":""}}}'],
    ['<p:a xmlns:p="urn:1"><p:b/><p:b xmlns:p="urn:m"/></p:a>', '{"p.a":{"p.b":"","m.b":""}}'],
  ])('with a mapping: %s', async (xml, json) => {
    expect(await jsonOf(M, xml)).toBe(json);
  });

  it('keeps prefixes where the mapping is empty', async () => {
    expect(await jsonOf('namespaces: {}', '<ns0:Order xmlns:ns0="http://x/y"><Id>1</Id></ns0:Order>')).toBe(
      '{"ns0:Order":{"Id":"1"}}',
    );
  });

  it('drops prefixes without a mapping', async () => {
    expect(await jsonOf('', '<p:A xmlns:p="urn:1"><B xmlns="urn:2" p:x="1"/></p:A>')).toBe('{"A":{"B":{"@x":"1"}}}');
  });

  it('fails on a default namespace that is not mapped, unless it streams', async () => {
    expect(await failureOf(`- xmlToJson: {${M}}`, '<A xmlns="http://test"/>')).toBe('conversion-failed');
    expect(await failureOf(`- xmlToJson: {${M}}`, '<r><A xmlns="http://test"/></r>')).toBe('conversion-failed');
    expect(await jsonOf(`${M}, streaming: true`, '<A xmlns="http://test">v</A>')).toBe('{"A":"v"}');
  });

  it('fails rather than lose one of two attributes of one JSON name', async () => {
    expect(await failureOf('- xmlToJson: {}', '<a xmlns:p="urn:1" p:x="1" x="2"/>')).toBe('conversion-failed');
    expect(await failureOf(`- xmlToJson: {${M}}`, '<a xmlns:m="urn:1" xmlns:n="urn:m" m:x="1" n:x="2"/>')).toBe(
      'conversion-failed',
    );
  });

  it('makes the root an array, too, where all elements are arrays and it streams', async () => {
    const xml = '<root><A>a</A><B>b1</B><B>b2</B></root>';
    expect(await jsonOf('allArrays: true, streaming: true', xml)).toBe('{"root":[{"A":["a"],"B":["b1","b2"]}]}');
    expect(await jsonOf('allArrays: true', xml)).toBe('{"root":{"A":["a"],"B":["b1","b2"]}}');
  });

  it('comes back to the same XML', async () => {
    const xml = '<m:a xmlns:m="urn:m" m:x="1" y="2"><m:b>t</m:b><c.d/></m:a>';
    expect(await bodyAfter(`- xmlToJson: {${M}}\n- jsonToXml: {${M}}`, xml)).toBe(DECLARATION + xml);
  });
});

describe('a namespace mapping that no name can use', () => {
  it.each([
    ['jsonToXml', '{"a.b": u}, namespaceSeparator: "."'],
    ['xmlToJson', '{"a.b": u}, namespaceSeparator: "."'],
    ['jsonToXml', '{"": u}'],
    ['jsonToXml', '{"1": u}'],
    ['jsonToXml', '{xml: u}'],
    ['xmlToJson', '{p: ""}'],
    ['xmlToJson', '{p: u, q: u}'],
  ])('is refused: %s with %s', (kind, namespaces) => {
    expect(problemsOf(flowWith(`- ${kind}: {namespaces: ${namespaces}}`))).toEqual([
      expect.objectContaining({ code: 'invalid-value', path: `steps[0].${kind}.namespaces` }),
    ]);
  });
});

it('refuses a namespace for a root that is not added', () => {
  expect(problemsOf(flowWith('- jsonToXml: {rootNamespace: u}'))).toEqual([
    expect.objectContaining({ code: 'invalid-value', path: 'steps[0].jsonToXml.rootNamespace' }),
  ]);
});
