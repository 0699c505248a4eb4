import { describe, expect, it } from '@jest/globals';
import { FlowProcessingError } from '@sluice/domain';
import { parseXml } from '@sluice/xml';
import { compileStylesheet } from './compile-stylesheet.js';
import { runTransformation } from './run-transformation.js';
import { serializeResult } from './serialize-result.js';
import { StylesheetError } from './stylesheet-error.js';

const sheet = (body: string, version = '3.0'): string =>
  `<xsl:stylesheet version="${version}" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:f="urn:f" xmlns:p="urn:p" exclude-result-prefixes="#all">${body}</xsl:stylesheet>`;

function run(main: string, xml: string, resources: Record<string, string> = {}): string {
  const stylesheet = compileStylesheet('main.xsl', main, resources);
  const result = runTransformation(stylesheet, parseXml(xml), { now: 0, parameter: () => undefined });
  return serializeResult(result, stylesheet.output);
}
const plain = '<xsl:output omit-xml-declaration="yes"/>';
const transform = (body: string, xml = '<a/>', version?: string): string => run(sheet(plain + body, version), xml);
/** What instructions at the root of a document make, inside of an element. */
const make = (
  instructions: string,
  xml = '<a><b k="x">1</b><b k="y">2</b><b k="x">3</b><c>4</c></a>',
  version?: string,
) =>
  transform(`<xsl:template match="/"><o>${instructions}</o></xsl:template>`, xml, version).replace(
    /^<o>(.*)<\/o>$|^<o\/>$/s,
    '$1',
  );

function problems(body: string, resources: Record<string, string> = {}): string[] {
  try {
    compileStylesheet('main.xsl', sheet(body), resources);
    return [];
  } catch (error) {
    if (!(error instanceof StylesheetError)) throw error;
    return error.problems.map(({ message }) => message);
  }
}

describe('an instruction of XSLT 3.0', () => {
  it.each([
    ['xsl:if', '<xsl:if test="//b = 2">y</xsl:if><xsl:if test="//b = 9">n</xsl:if>', 'y'],
    [
      'xsl:choose, which takes the first branch that holds',
      '<xsl:choose><xsl:when test="false()">1</xsl:when> <xsl:when test="//b">2</xsl:when><xsl:when test="true()">3</xsl:when><xsl:otherwise>4</xsl:otherwise></xsl:choose>',
      '2',
    ],
    [
      'xsl:choose with nothing that holds',
      '<xsl:choose><xsl:when test="0">1</xsl:when><xsl:otherwise>4</xsl:otherwise></xsl:choose><xsl:choose><xsl:when test="0">1</xsl:when></xsl:choose>',
      '4',
    ],
    [
      'xsl:for-each with its position and size',
      '<xsl:for-each select="//b"><xsl:value-of select="position(), last(), string()"/>;</xsl:for-each>',
      '1 3 1;2 3 2;3 3 3;',
    ],
    [
      'xsl:for-each by two keys, one a number, one downwards',
      '<xsl:for-each select="//b"><xsl:sort select="@k"/><xsl:sort select="." data-type="number" order="descending"/><xsl:value-of select="."/></xsl:for-each>',
      '312',
    ],
    [
      'xsl:for-each by the text of what it makes',
      '<xsl:for-each select="2, 10, 1"><xsl:sort><xsl:value-of select="string(.)"/></xsl:sort><xsl:value-of select="."/>;</xsl:for-each>',
      '1;10;2;',
    ],
    [
      'xsl:for-each by the items themselves',
      '<xsl:for-each select="3, 1, 2"><xsl:sort/><xsl:value-of select="."/></xsl:for-each>',
      '123',
    ],
    ['xsl:perform-sort', '<xsl:perform-sort select="3, 1, 2"><xsl:sort/></xsl:perform-sort>', '1 2 3'],
    [
      'xsl:for-each-group by several keys: an item is in the group of each',
      '<xsl:for-each-group select="1 to 4" group-by="if (. mod 2) then \'odd\' else \'even\', if (. gt 2) then \'big\' else ()"><g k="{current-grouping-key()}"><xsl:value-of select="current-group()"/></g></xsl:for-each-group>',
      '<g k="odd">1 3</g><g k="even">2 4</g><g k="big">3 4</g>',
    ],
    [
      'xsl:for-each-group by a key that comes twice: an item is in a group once',
      '<xsl:for-each-group select="1 to 2" group-by="\'a\', \'a\'"><xsl:value-of select="current-group()"/></xsl:for-each-group>',
      '1 2',
    ],
    [
      'xsl:for-each-group of neighbours',
      '<xsl:for-each-group select="1, 1, 2, 1" group-adjacent="."><g><xsl:value-of select="current-group()"/></g></xsl:for-each-group>',
      '<g>1 1</g><g>2</g><g>1</g>',
    ],
    [
      'xsl:for-each-group from each first one on',
      '<xsl:for-each-group select="/a/*" group-starting-with="b[@k=\'x\']"><g><xsl:value-of select="current-group()"/></g></xsl:for-each-group>',
      '<g>1 2</g><g>3 4</g>',
    ],
    [
      'xsl:for-each-group up to each last one',
      '<xsl:for-each-group select="/a/*" group-ending-with="b[@k=\'y\']"><g><xsl:value-of select="current-group()"/></g></xsl:for-each-group>',
      '<g>1 2</g><g>3 4</g>',
    ],
    [
      'xsl:analyze-string with its groups and flags',
      '<xsl:analyze-string select="\'aXbx\'" regex="(x)" flags="i"><xsl:matching-substring>[<xsl:value-of select="regex-group(1), position()"/>]</xsl:matching-substring><xsl:non-matching-substring><xsl:value-of select="."/></xsl:non-matching-substring></xsl:analyze-string>',
      'a[X 2]b[x 4]',
    ],
    [
      'xsl:analyze-string that says nothing of what does not match',
      '<xsl:analyze-string select="\'a1\'" regex="[0-9]"><xsl:matching-substring>d</xsl:matching-substring></xsl:analyze-string>',
      'd',
    ],
    ['xsl:comment, never with two hyphens', '<xsl:comment>a--b-</xsl:comment>', '<!--a- -b- -->'],
    [
      'xsl:processing-instruction, which cannot be ended from within',
      '<xsl:processing-instruction name="{\'p\'}">a?&gt;b</xsl:processing-instruction>',
      '<?p a? >b?>',
    ],
    ['xsl:text', '<xsl:text> a </xsl:text>', ' a '],
    ['xsl:document', '<xsl:document><d/></xsl:document>', '<d/>'],
    [
      'xsl:element and xsl:attribute with a namespace',
      '<xsl:element name="q:e" namespace="urn:q"><xsl:attribute name="r:x" namespace="urn:r" select="1, 2"/></xsl:element>',
      '<q:e xmlns:q="urn:q" xmlns:r="urn:r" r:x="1 2"/>',
    ],
    [
      'xsl:attribute whose prefix another namespace has: it gets another one',
      '<e xmlns:r="urn:other"><xsl:attribute name="r:x" namespace="urn:r">1</xsl:attribute></e>',
      '<e xmlns:r="urn:other" xmlns:ns0="urn:r" ns0:x="1"/>',
    ],
    ['xsl:attribute twice: the later one counts', '<e x="1"><xsl:attribute name="x" select="2"/></e>', '<e x="2"/>'],
    ['xsl:value-of with a separator', '<xsl:value-of select="1, 2" separator="-"/>', '1-2'],
    [
      'xsl:value-of of what it makes',
      '<xsl:value-of separator="-"><xsl:sequence select="1, 2"/></xsl:value-of>',
      '1-2',
    ],
    ['xsl:copy-of', '<xsl:copy-of select="//c, 5, //b[1]/@k"/>', '<c>4</c>5', true],
    [
      'xsl:copy of what is selected',
      '<xsl:copy select="//c">x</xsl:copy><xsl:copy select="7"/><xsl:copy select="//none">y</xsl:copy>',
      '<c>x</c>7',
    ],
    [
      'xsl:map and xsl:map-entry',
      '<xsl:variable name="m" as="map(*)"><xsl:map><xsl:map-entry key="\'a\'" select="1"/><xsl:map-entry key="2">two</xsl:map-entry></xsl:map></xsl:variable><xsl:value-of select="$m(\'a\'), $m(2), map:size($m)" xmlns:map="http://www.w3.org/2005/xpath-functions/map"/>',
      '1 two 2',
    ],
    [
      'xsl:try with a sequence, which comes whole or not at all',
      '<xsl:try select="1, 2"><xsl:catch>c</xsl:catch></xsl:try>;<xsl:try><i>1</i><xsl:sequence select="xs:integer(\'x\')"/><xsl:catch select="\'caught\'"/></xsl:try>',
      '1 2;caught',
    ],
    ['xsl:sequence in a text', 'a<xsl:sequence select="1, 2"/>b', 'a1 2b'],
    ['an array, whose members stand for it', '<xsl:sequence select="[1, (2, 3)]"/>', '1 2 3'],
    [
      'one that is of 1.0: it takes the first item of a sequence',
      '<xsl:value-of version="1.0" select="//b"/><x xsl:version="1.0" a="{//b}"/>',
      '1<x a="1"/>',
    ],
    ['braces that are written twice', '<x a="{{{1 + 1}}}"/>', '<x a="{2}"/>'],
    ['braces in a text within an expression', '<x a="{\'}\'}{string-length(&quot;{&quot;)}"/>', '<x a="}1"/>'],
  ])('%s', (_what, instructions, expected, partly = false) => {
    if (partly)
      expect(make(`<e>${instructions.replace('//c, 5, //b[1]/@k', '//b[1]/@k, //c, 5')}</e>`)).toBe(
        '<e k="x"><c>4</c>5</e>',
      );
    else expect(make(instructions)).toBe(expected);
  });

  it.each([
    ['one of its kind', '<xsl:number/>', '1;2;3;1;'],
    ['any before it', '<xsl:number level="any" count="b|c" format="A"/>', 'A;B;C;D;'],
    [
      'any since the last one of another',
      '<xsl:number level="any" count="*" from="b[@k=\'y\']" format="i"/>',
      'ii;i;ii;iii;',
    ],
    ['all levels', '<xsl:number level="multiple" count="*" format="1.a) "/>', '1.a) ;1.b) ;1.c) ;1.d) ;'],
    ['a value', '<xsl:number value="position() * 4" format="I"/>', 'IV;VIII;XII;XVI;'],
    ['a value with leading zeros', '<xsl:number value="9" format="001"/>', '009;009;009;009;'],
    ['several values', '<xsl:number value="1, 2, 3" format="1-a"/>', '1-b-c;1-b-c;1-b-c;1-b-c;'],
    [
      'more values than it has formats',
      '<xsl:number value="1, 2, 3" format="(1.a) "/>',
      '(1.b.c) ;(1.b.c) ;(1.b.c) ;(1.b.c) ;',
    ],
    ['several values by one format', '<xsl:number value="1, 2" format="1) "/>', '1.2) ;1.2) ;1.2) ;1.2) ;'],
  ])('xsl:number counts %s', (_what, number, expected) => {
    expect(make(`<xsl:for-each select="/a/*">${number};</xsl:for-each>`)).toBe(expected);
  });
});

describe('a rule of XSLT 3.0', () => {
  it.each([
    ['deep-copy', '<x><y>t</y></x>'],
    ['deep-skip', ''],
    ['shallow-copy', '<x><y>t</y></x>'],
    ['shallow-skip', ''],
    ['text-only-copy', 't'],
  ])('that there is none of leaves what on-no-match says: %s', (choice, expected) => {
    const body = `<xsl:mode on-no-match="${choice}"/><xsl:template match="/"><xsl:apply-templates select="a/x"/></xsl:template>`;
    expect(transform(body, '<a><x><y>t</y></x></a>')).toBe(expected);
  });

  it('that there is none of fails where on-no-match says so', () => {
    const body = '<xsl:mode on-no-match="fail"/><xsl:template match="a"><xsl:apply-templates/></xsl:template>';
    expect(() => transform(body, '<a><x/></a>')).toThrow(FlowProcessingError);
    expect(() => transform(body, '<a><x/></a>')).toThrow(/XTDE0555|No template matches element x/);
  });

  it.each<[string, string, string]>([
    ['an attribute', '@k', '<c/>'],
    ['any attribute', '@*', '<c/>'],
    ['a text', 'text()', '<c k="v"/>'],
    ['a child anywhere below', 'a//d', '<c k="v">t</c>'],
    ['one by a place', 'c/d[1]', '<c k="v">t</c>'],
    ['one of two', 'zz | d', '<c k="v">t</c>'],
    ['one by its key', "key('d', 'd')", '<c k="v">t</c>'],
    ['one that a condition holds for', '.[self::d]', '<c k="v">t</c>'],
    ['one in parentheses', '(d)', '<c k="v">t</c>'],
    ['one by its kind and name', 'element(d)', '<c k="v">t</c>'],
    ['one of any namespace', '*:d', '<c k="v">t</c>'],
    ['a comment', 'comment()', '<c k="v">t<d/></c>'],
    ['a processing instruction by name', 'processing-instruction(pi)', '<c k="v">t<d/></c>'],
    ['the descendants of the root', '/a/c/d', '<c k="v">t</c>'],
    ['a child by its axis', 'child::d', '<c k="v">t</c>'],
    ['an attribute by its axis', 'attribute::k', '<c>t<d/></c>'],
  ])('matches %s: %s', (_what, pattern, expected) => {
    const removed = transform(
      `<xsl:mode on-no-match="shallow-copy"/><xsl:key name="d" match="d" use="name()"/><xsl:template match="a"><xsl:apply-templates/></xsl:template><xsl:template match="${pattern}"/>`,
      '<a><c k="v">t<d/></c></a>',
    );
    const shown: Record<string, string> = { '@k': '<c>t<d/></c>', '@*': '<c>t<d/></c>', 'text()': '<c k="v"><d/></c>' };
    expect(removed).toBe(shown[pattern] ?? expected);
  });

  it.each(['parent::d', '..', 'a + 1', 'following-sibling::d', 'f:x()', '$x + 1', 'position()', 'current()'])(
    'is refused where its pattern is none: %s',
    (pattern) => {
      expect(problems(`<xsl:template match="${pattern}"/>`)).not.toEqual([]);
    },
  );

  it('goes on to the one it was imported over, and to the next one', () => {
    const imported = sheet('<xsl:template match="b"><i><xsl:value-of select="."/></i></xsl:template>');
    const body =
      '<xsl:import href="i.xsl"/><xsl:output omit-xml-declaration="yes"/><xsl:template match="b" priority="3"><n><xsl:next-match/></n></xsl:template><xsl:template match="b"><o><xsl:apply-imports/></o></xsl:template>';
    expect(run(sheet(body), '<b>t</b>', { 'i.xsl': imported })).toBe('<n><o><i>t</i></o></n>');
  });

  it('is of every mode where it says so, and hands its mode on', () => {
    const body =
      '<xsl:template match="/"><o><xsl:apply-templates mode="m"/><xsl:apply-templates/></o></xsl:template><xsl:template match="a" mode="#all"><e><xsl:apply-templates mode="#current"/></e></xsl:template><xsl:template match="b" mode="m">m</xsl:template><xsl:template match="b">d</xsl:template>';
    expect(transform(body, '<a><b/></a>')).toBe('<o><e>m</e><e>d</e></o>');
  });

  it('gets what is handed on by tunnel, past a rule that knows nothing of it', () => {
    const body =
      '<xsl:template match="/"><xsl:apply-templates><xsl:with-param name="t" select="\'T\'" tunnel="yes"/><xsl:with-param name="p" select="\'P\'"/></xsl:apply-templates></xsl:template><xsl:template match="a"><xsl:apply-templates/></xsl:template><xsl:template match="b"><xsl:param name="t" tunnel="yes"/><xsl:param name="p" select="\'none\'"/><o><xsl:value-of select="$t, $p"/></o></xsl:template>';
    expect(transform(body, '<a><b/></a>')).toBe('<o>T none</o>');
  });

  it.each([
    [
      'a parameter it needs is not given',
      '<xsl:template match="/"><xsl:call-template name="t"/></xsl:template><xsl:template name="t"><xsl:param name="p" required="yes"/></xsl:template>',
      /XTDE0700|\$p is required/,
    ],
    [
      'apply-templates starts from no node',
      '<xsl:template match="/"><xsl:for-each select="1"><xsl:apply-templates/></xsl:for-each></xsl:template>',
      /XTTE0510|needs a node/,
    ],
    [
      'next-match stands outside of a rule',
      '<xsl:function name="f:x"><xsl:next-match/></xsl:function><xsl:template match="/"><o><xsl:sequence select="f:x()"/></o></xsl:template>',
      /XTDE0560|outside a template rule/,
    ],
    [
      'a name of an element is none',
      '<xsl:template match="/"><xsl:element name="{\'1 2\'}"/></xsl:template>',
      /XTDE0820|cannot be the name/,
    ],
    [
      'a prefix of an element is not declared',
      '<xsl:template match="/"><xsl:element name="{\'zz:a\'}"/></xsl:template>',
      /XTDE0830|not declared/,
    ],
    [
      'an attribute comes after the content',
      '<xsl:template match="/"><o>t<xsl:attribute name="a">1</xsl:attribute></o></xsl:template>',
      /XTDE0410|after the element's content/,
    ],
    [
      'an attribute stands in no element',
      '<xsl:template match="/"><xsl:document><xsl:attribute name="a">1</xsl:attribute></xsl:document></xsl:template>',
      /XTDE0420|stands in no element/,
    ],
    [
      'a map stands in a tree',
      '<xsl:template match="/"><o><xsl:sequence select="map{}"/></o></xsl:template>',
      /XTDE0450|cannot stand in a tree/,
    ],
    [
      'a map holds something else',
      '<xsl:template match="/"><xsl:variable name="m" as="item()*"><xsl:map><xsl:sequence select="1"/></xsl:map></xsl:variable><xsl:value-of select="count($m)"/></xsl:template>',
      /XTTE3375|map entries only/,
    ],
    [
      'a variable depends on itself',
      '<xsl:variable name="v" select="$w"/><xsl:variable name="w" select="$v"/><xsl:template match="/"><o a="{$v}"/></xsl:template>',
      /XTDE0640|depends on itself/,
    ],
    [
      'a template is none',
      '<xsl:template match="/"><xsl:call-template name="nope"/></xsl:template>',
      /XTSE0650|no template/,
    ],
    [
      'an entry of a map has no key',
      '<xsl:template match="/"><xsl:variable name="m" as="item()*"><xsl:map-entry key="()" select="1"/></xsl:variable><xsl:value-of select="count($m)"/></xsl:template>',
      /XTTE3165|key of a map is empty/,
    ],
    [
      'a key is looked for from no node',
      '<xsl:key name="k" match="a" use="1"/><xsl:template match="/"><xsl:for-each select="1"><xsl:value-of select="key(\'k\', 1)"/></xsl:for-each></xsl:template>',
      /XTDE1270|needs a node/,
    ],
    ['a key is none', '<xsl:template match="/"><o a="{key(\'nope\', 1)}"/></xsl:template>', /XTDE1260|no key/],
    [
      'a decimal format is none',
      '<xsl:template match="/"><o a="{format-number(1, \'0\', \'nope\')}"/></xsl:template>',
      /FODF1280|no decimal format/,
    ],
    [
      'a pattern matches the empty text',
      '<xsl:template match="/"><xsl:analyze-string select="\'a\'" regex="x*"/></xsl:template>',
      /XTDE1150|empty text/,
    ],
  ])('ends in a typed error when %s', (_what, body, problem) => {
    expect(() => transform(body)).toThrow(FlowProcessingError);
    expect(() => transform(body)).toThrow(problem);
  });
});

describe('a stylesheet', () => {
  it.each([
    ['another root', '<html/>', /not an XSLT stylesheet/],
    [
      'an if without a test',
      sheet('<xsl:template match="/"><xsl:if>x</xsl:if></xsl:template>'),
      /xsl:if needs the attribute test/,
    ],
    [
      'a choose with something else in it',
      sheet('<xsl:template match="/"><xsl:choose><b/></xsl:choose></xsl:template>'),
      /xsl:choose holds/,
    ],
    [
      'a loop over nothing',
      sheet('<xsl:template match="/"><xsl:for-each/></xsl:template>'),
      /needs the attribute select/,
    ],
    ['groups by nothing', sheet('<xsl:template match="/"><xsl:for-each-group select="1"/></xsl:template>'), /group-by/],
    ['a template that nothing calls', sheet('<xsl:template/>'), /needs match or name/],
    ['a function without a prefix', sheet('<xsl:function name="x"/>'), /name with a prefix/],
    ['a name whose prefix is not declared', sheet('<xsl:template name="zz:x"/>'), /not declared/],
    ['a type that there is not', sheet('<xsl:variable name="v" as="xs:nope"/>'), /type "xs:nope" is not known|nope/],
    [
      'an output method that is not offered',
      sheet('<xsl:output method="json"/>'),
      /output method "json" is not offered/,
    ],
    [
      'an output encoding that is not offered',
      sheet('<xsl:output encoding="EBCDIC"/>'),
      /encoding "EBCDIC" is not offered/,
    ],
    ['an on-no-match that there is not', sheet('<xsl:mode on-no-match="guess"/>'), /on-no-match "guess" is not known/],
    [
      'a stylesheet that is not part of the flow',
      sheet('<xsl:include href="x.xsl"/>'),
      /"x.xsl" is not part of the flow/,
    ],
    [
      'a value template that is not closed',
      sheet('<xsl:template match="/"><o a="{1"/></xsl:template>'),
      /\{ without a \}/,
    ],
    [
      'a value template that was not opened',
      sheet('<xsl:template match="/"><o a="1}"/></xsl:template>'),
      /\} without a \{/,
    ],
  ])('is refused with %s', (_what, source, problem) => {
    const compile = () => compileStylesheet('main.xsl', source, {});
    expect(compile).toThrow(StylesheetError);
    expect(compile).toThrow(problem);
  });

  it('is refused when a part of it is no XML, and when it includes itself', () => {
    expect(problems('<xsl:include href="x.xsl"/>', { 'x.xsl': '<a>' }).join()).toMatch(/"x\.xsl"/);
    const circle = { 'x.xsl': sheet('<xsl:include href="y.xsl"/>'), 'y.xsl': sheet('<xsl:include href="x.xsl"/>') };
    expect(problems('<xsl:include href="x.xsl"/>', circle).length).toBeGreaterThan(0);
  });

  it('may be a single element with a version', () => {
    const source =
      '<o xsl:version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:value-of select="//b"/></o>';
    expect(run(source, '<a><b>1</b></a>')).toBe('<?xml version="1.0" encoding="UTF-8"?><o>1</o>');
  });

  it.each([
    [
      'html, without an end for what is empty',
      '<xsl:output method="html"/>',
      '<html><br/><p/></html>',
      '<html><br><p></p></html>',
    ],
    ['html, by its root alone', '', '<HTML><br/></HTML>', '<HTML><br></HTML>'],
    ['xhtml', '<xsl:output method="xhtml" omit-xml-declaration="yes"/>', '<html><p/></html>', '<html><p/></html>'],
    [
      'what stands alone',
      '<xsl:output standalone="yes"/>',
      '<o/>',
      '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><o/>',
    ],
    [
      'a document type with a public name',
      '<xsl:output omit-xml-declaration="yes" doctype-public="-//X" doctype-system="x.dtd"/>',
      '<o/>',
      '<!DOCTYPE o PUBLIC "-//X" "x.dtd"><o/>',
    ],
  ])('writes %s', (_what, output, content, expected) => {
    expect(run(sheet(`${output}<xsl:template match="/">${content}</xsl:template>`), '<a/>')).toBe(expected);
  });

  it('puts sets of attributes onto elements, an own one last', () => {
    const body =
      '<xsl:attribute-set name="base"><xsl:attribute name="a">1</xsl:attribute><xsl:attribute name="b">2</xsl:attribute></xsl:attribute-set><xsl:attribute-set name="more" use-attribute-sets="base"><xsl:attribute name="b">3</xsl:attribute></xsl:attribute-set>';
    expect(transform(`${body}<xsl:template match="/"><o xsl:use-attribute-sets="more" a="9"/></xsl:template>`)).toBe(
      '<o b="3" a="9"/>',
    );
    expect(
      transform(`${body}<xsl:template match="/"><xsl:element name="o" use-attribute-sets="more"/></xsl:template>`),
    ).toBe('<o a="1" b="3"/>');
    expect(transform(`${body}<xsl:template match="a"><xsl:copy use-attribute-sets="base"/></xsl:template>`)).toBe(
      '<a a="1" b="2"/>',
    );
  });

  it('finds by key within a part, and by what it makes', () => {
    const body =
      '<xsl:key name="k" match="b"><xsl:value-of select="concat(\'n\', .)"/></xsl:key><xsl:template match="/"><o><xsl:value-of select="count(key(\'k\', \'n1\')), count(key(\'k\', \'n1\', //p))"/></o></xsl:template>';
    expect(transform(body, '<a><b>1</b><p><b>1</b><b>2</b></p></a>')).toBe('<o>2 1</o>');
  });

  it('formats numbers as its decimal formats say', () => {
    const body =
      '<xsl:decimal-format name="de" decimal-separator="," grouping-separator="."/><xsl:template match="/"><o><xsl:value-of select="format-number(1234.5, \'#.##0,00\', \'de\'), format-number(\'7\', \'00\')"/></o></xsl:template>';
    expect(transform(body)).toBe('<o>1.234,50 07</o>');
  });

  it('tells its version and what it offers', () => {
    expect(
      make(
        "<xsl:value-of select=\"system-property('xsl:version'), function-available('key'), function-available('fn:concat'), function-available('nope'), element-available('xsl:if')\"/>",
      ),
    ).toMatch(/^3\.0 true true false true$/);
  });

  it('copies nodes without their surroundings by snapshot and copy-of', () => {
    expect(make('<xsl:value-of select="count(copy-of(//c)/..), copy-of(//c), copy-of(5)"/>')).toBe('0 4 5');
  });

  it('converts what a function is given and gives', () => {
    const body =
      '<xsl:function name="f:half" as="xs:double"><xsl:param name="x" as="xs:decimal"/><xsl:sequence select="$x div 2"/></xsl:function><xsl:function name="f:name" as="xs:string"><xsl:param name="n"/><xsl:sequence select="$n/@k"/></xsl:function><xsl:template match="/"><o><xsl:value-of select="f:half(3), f:name(/a)"/></o></xsl:template>';
    expect(transform(body, '<a k="v"/>')).toBe('<o>1.5 v</o>');
  });

  it('keeps blanks where it is told to', () => {
    expect(make('<x xml:space="preserve"> </x><y> </y><xsl:text> </xsl:text>')).toBe(
      '<x xml:space="preserve"> </x><y/> ',
    );
    expect(
      transform(
        '<xsl:strip-space elements="*"/><xsl:preserve-space elements="b"/><xsl:mode on-no-match="shallow-copy"/>',
        '<a> <b> </b> </a>',
      ),
    ).toBe('<a><b> </b></a>');
  });
});

describe('what stands in no tree yet', () => {
  it.each([
    ['an attribute', '<xsl:attribute name="k">v</xsl:attribute>', '<o k="v"/>'],
    ['a text', '<xsl:text>t</xsl:text>', '<o>t</o>'],
    ['a comment', '<xsl:comment>c</xsl:comment>', '<o><!--c--></o>'],
    [
      'a processing instruction',
      '<xsl:processing-instruction name="p">q</xsl:processing-instruction>',
      '<o><?p q?></o>',
    ],
    [
      'an element with all of them',
      '<e><xsl:attribute name="k">v</xsl:attribute>t<xsl:comment>c</xsl:comment><xsl:processing-instruction name="p">q</xsl:processing-instruction><xsl:sequence select="1, 2"/></e>',
      '<o><e k="v">t<!--c--><?p q?>1 2</e></o>',
    ],
    ['a document', '<xsl:document><d/></xsl:document>', '<o><d/></o>'],
    ['nothing', '<xsl:text/>', '<o/>'],
  ])('is %s until it is put into one', (_what, content, expected) => {
    const body = `<xsl:function name="f:make">${content}</xsl:function><xsl:template match="/"><o><xsl:sequence select="f:make()"/></o></xsl:template>`;
    expect(transform(body)).toBe(expected);
  });

  it('can be told apart by its kind', () => {
    const body =
      '<xsl:function name="f:make"><xsl:attribute name="k">v</xsl:attribute><xsl:comment>c</xsl:comment><xsl:text>t</xsl:text></xsl:function><xsl:template match="/"><o><xsl:value-of select="for $n in f:make() return if ($n instance of attribute()) then \'a\' else if ($n instance of comment()) then \'c\' else \'t\'"/></o></xsl:template>';
    expect(transform(body)).toBe('<o>a c t</o>');
  });
});

describe('a copy', () => {
  const xml = '<p:a xmlns:p="urn:p" xmlns:q="urn:q" k="v"><b/></p:a>';

  it('has the namespaces of what it copies, unless it is told to leave them', () => {
    const copied = (how: string): string => transform(`<xsl:template match="/*">${how}</xsl:template>`, xml);
    expect(copied('<xsl:copy/>')).toBe('<p:a xmlns:p="urn:p" xmlns:q="urn:q"/>');
    expect(copied('<xsl:copy copy-namespaces="no"/>')).toBe('<p:a xmlns:p="urn:p"/>');
    expect(copied('<xsl:copy-of select="."/>')).toBe('<p:a xmlns:p="urn:p" xmlns:q="urn:q" k="v"><b/></p:a>');
    expect(copied('<xsl:copy-of select="." copy-namespaces="no"/>')).toBe('<p:a xmlns:p="urn:p" k="v"><b/></p:a>');
    expect(copied('<xsl:copy-of select="b"/>')).toBe('<b xmlns:p="urn:p" xmlns:q="urn:q"/>');
  });

  it('of a document is that of all in it, and a document of its own', () => {
    expect(transform('<xsl:template match="/"><xsl:copy><o/></xsl:copy></xsl:template>')).toBe('<o/>');
    expect(transform('<xsl:template match="/"><xsl:copy-of select="."/></xsl:template>', '<a><b/></a>')).toBe(
      '<a><b/></a>',
    );
    expect(make('<xsl:value-of select="count(copy-of(/)/a)"/><xsl:copy-of select="copy-of(/)/a/c"/>')).toBe(
      '1<c>4</c>',
    );
  });
});

describe('an element that is written as it is', () => {
  it('brings the namespaces it needs, without those that are excluded', () => {
    const source = (excluded: string): string =>
      `<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="urn:d" xmlns:f="urn:f" xmlns:p="urn:p"><xsl:output omit-xml-declaration="yes"/><xsl:template match="/"><p:o xsl:exclude-result-prefixes="${excluded}"><i/></p:o></xsl:template></xsl:stylesheet>`;
    expect(run(source(''), '<a/>')).toBe('<p:o xmlns="urn:d" xmlns:f="urn:f" xmlns:p="urn:p"><i/></p:o>');
    expect(run(source('f'), '<a/>')).toBe('<p:o xmlns="urn:d" xmlns:p="urn:p"><i/></p:o>');
    expect(run(source('f #default zz'), '<a/>')).toBe('<p:o xmlns:p="urn:p"><i xmlns="urn:d"/></p:o>');
  });

  it('made by name takes the prefix that the stylesheet declares, and none for none', () => {
    expect(make('<xsl:element name="p:e"/>')).toBe('<p:e xmlns:p="urn:p"/>');
    expect(make('<xsl:element name="p:e" namespace=""/>')).toBe('<e/>');
    expect(make('<e><xsl:attribute name="p:k">v</xsl:attribute></e>')).toBe('<e xmlns:p="urn:p" p:k="v"/>');
    expect(make('<e><xsl:attribute name="k" namespace="urn:x">v</xsl:attribute></e>')).toBe(
      '<e xmlns:ns0="urn:x" ns0:k="v"/>',
    );
  });
});

describe('what is made in order', () => {
  it('stays in its order where its keys are equal, and comes first where it has none', () => {
    expect(make('<xsl:for-each select="//b"><xsl:sort select="@none"/><xsl:value-of select="."/></xsl:for-each>')).toBe(
      '123',
    );
    expect(
      make('<xsl:for-each select="//b, //c"><xsl:sort select="@k"/><xsl:value-of select="."/></xsl:for-each>'),
    ).toBe('4132');
    expect(
      make('<xsl:perform-sort><xsl:sort order="descending"/><xsl:sequence select="1, 3, 2"/></xsl:perform-sort>'),
    ).toBe('3 2 1');
  });

  it('counts a place in a pattern among its siblings of that name', () => {
    const body = (pattern: string): string =>
      `<xsl:mode on-no-match="shallow-copy"/><xsl:template match="${pattern}"/>`;
    const xml = '<a><b>1</b><c>2</c><b>3</b></a>';
    expect(transform(body('b[2]'), xml)).toBe('<a><b>1</b><c>2</c></a>');
    expect(transform(body('b[last()]'), xml)).toBe('<a><b>1</b><c>2</c></a>');
    expect(transform(body('a/*[. &gt; 1][1]'), xml)).toBe('<a><b>1</b><b>3</b></a>');
    expect(transform(body('x//b'), xml)).toBe(xml);
    expect(transform(body('b[position() = 1 or . = 3]'), xml)).toBe('<a><c>2</c></a>');
  });
});

describe('a transformation that a sender could make endless', () => {
  it.each([['of text', '<xsl:for-each select="1 to 100000"><xsl:value-of select="$long"/></xsl:for-each>']])(
    'ends in a typed error by too much %s, which no xsl:try catches',
    (_what, content) => {
      const long = `<xsl:variable name="long" select="string-join(for $i in 1 to 2000 return '0123456789')"/>`;
      const body = `${long}<xsl:template match="/"><o><xsl:try>${content}<xsl:catch>caught</xsl:catch></xsl:try></o></xsl:template>`;
      expect(() => transform(body)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }) as unknown as Error);
    },
  );

  it('ends in a typed error by elements in elements', () => {
    const body =
      '<xsl:template name="deep" match="/"><xsl:param name="n" select="0"/><e><xsl:call-template name="deep"><xsl:with-param name="n" select="$n + 1"/></xsl:call-template></e></xsl:template>';
    expect(() => transform(body)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }) as unknown as Error);
  });
});
