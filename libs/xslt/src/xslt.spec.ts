import { describe, expect, it } from '@jest/globals';
import { FlowProcessingError } from '@sluice/domain';
import { parseXml } from '@sluice/xml';
import { compileStylesheet } from './compile-stylesheet.js';
import { runTransformation } from './run-transformation.js';
import { serializeResult } from './serialize-result.js';
import { StylesheetError } from './stylesheet-error.js';

const IDENTITY =
  '<xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>';
const sheet = (body: string, version = '2.0', head = ''): string =>
  `<xsl:stylesheet version="${version}" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:f="urn:f" exclude-result-prefixes="xs f" ${head}>${body}</xsl:stylesheet>`;

function transform(
  body: string,
  xml: string,
  version?: string,
  head?: string,
  resources: Record<string, string> = {},
): string {
  const stylesheet = compileStylesheet(
    'main.xsl',
    sheet(`<xsl:output omit-xml-declaration="yes"/>${body}`, version, head),
    resources,
  );
  const result = runTransformation(stylesheet, parseXml(xml), {
    now: Date.UTC(2026, 0, 2, 3, 4, 5),
    parameter: (name) => (name === 'given' ? ['G'] : undefined),
  });
  return serializeResult(result, stylesheet.output);
}

describe('XSLT', () => {
  it('copies a document by the identity template', () => {
    expect(transform(IDENTITY, '<a x="1"><!--c--><b>t</b><?p q?></a>')).toBe('<a x="1"><!--c--><b>t</b><?p q?></a>');
  });

  it('removes namespaces, as integration flows do most', () => {
    const body =
      '<xsl:template match="*"><xsl:element name="{local-name()}"><xsl:apply-templates select="@*|node()"/></xsl:element></xsl:template><xsl:template match="@*"><xsl:attribute name="{local-name()}"><xsl:value-of select="."/></xsl:attribute></xsl:template>';
    expect(transform(body, '<p:a xmlns:p="urn:p" xmlns="urn:d" p:x="1"><b>t</b></p:a>')).toBe('<a x="1"><b>t</b></a>');
  });

  it('prefers the rule with the higher priority', () => {
    const body = `${IDENTITY}<xsl:template match="b"/><xsl:template match="c[@k='1']"><C/></xsl:template>`;
    expect(transform(body, '<a><b/><c k="1"/><c k="2"/></a>')).toBe('<a><C/><c k="2"/></a>');
  });

  it.each([
    [
      'first item in 1.0',
      '<xsl:template match="/"><o><xsl:value-of select="//b"/></o></xsl:template>',
      '<o>1</o>',
      '1.0',
    ],
    [
      'all items in 2.0',
      '<xsl:template match="/"><o><xsl:value-of select="//b"/></o></xsl:template>',
      '<o>1 2</o>',
      '2.0',
    ],
    [
      'texts as numbers in 1.0',
      '<xsl:template match="/"><o><xsl:value-of select="\'5\' + 1"/></o></xsl:template>',
      '<o>6</o>',
      '1.0',
    ],
    [
      'parameters from outside',
      '<xsl:param name="given"/><xsl:param name="own" select="\'O\'"/><xsl:template match="/"><o a="{$given}{$own}"/></xsl:template>',
      '<o a="GO"/>',
      '2.0',
    ],
    [
      'functions',
      '<xsl:function name="f:twice" as="xs:integer"><xsl:param name="x" as="xs:integer"/><xsl:sequence select="$x * 2"/></xsl:function><xsl:template match="/"><o><xsl:value-of select="f:twice(21)"/></o></xsl:template>',
      '<o>42</o>',
      '2.0',
    ],
    [
      'grouping with sort',
      '<xsl:template match="/"><o><xsl:for-each-group select="//b" group-by=". mod 2"><xsl:sort select="current-grouping-key()" order="descending"/><g k="{current-grouping-key()}"/></xsl:for-each-group></o></xsl:template>',
      '<o><g k="1"/><g k="0"/></o>',
      '2.0',
    ],
    [
      'keys',
      '<xsl:key name="k" match="b" use="."/><xsl:template match="/"><o><xsl:value-of select="count(key(\'k\', \'2\'))"/></o></xsl:template>',
      '<o>1</o>',
      '1.0',
    ],
    [
      'analyze-string',
      '<xsl:template match="/"><o><xsl:analyze-string select="\'a1b\'" regex="\\d"><xsl:matching-substring><m><xsl:value-of select="."/></m></xsl:matching-substring><xsl:non-matching-substring><xsl:value-of select="."/></xsl:non-matching-substring></xsl:analyze-string></o></xsl:template>',
      '<o>a<m>1</m>b</o>',
      '2.0',
    ],
    [
      'modes',
      '<xsl:template match="/"><o><xsl:apply-templates mode="m"/></o></xsl:template><xsl:template match="*" mode="m"><x><xsl:apply-templates mode="#current"/></x></xsl:template>',
      '<o><x><x>1</x><x>2</x></x></o>',
      '2.0',
    ],
    [
      'text value templates',
      '<xsl:template match="/"><o xsl:expand-text="yes">{count(//b)}</o></xsl:template>',
      '<o>2</o>',
      '3.0',
    ],
    [
      'try and catch',
      '<xsl:template match="/"><o><xsl:try><xsl:value-of select="error()"/><xsl:catch><c/></xsl:catch></xsl:try></o></xsl:template>',
      '<o><c/></o>',
      '3.0',
    ],
    ['shallow copy', '<xsl:mode on-no-match="shallow-copy"/><xsl:template match="b[1]"/>', '<a><b>2</b></a>', '3.0'],
    [
      'named templates',
      '<xsl:template name="t"><xsl:param name="n" select="0"/><i><xsl:value-of select="$n"/></i></xsl:template><xsl:template match="/"><o><xsl:call-template name="t"><xsl:with-param name="n" select="3"/></xsl:call-template></o></xsl:template>',
      '<o><i>3</i></o>',
      '1.0',
    ],
    [
      'next-match',
      `${IDENTITY}<xsl:template match="b" priority="2"><w><xsl:next-match/></w></xsl:template>`,
      '<a><w><b>1</b></w><w><b>2</b></w></a>',
      '2.0',
    ],
    [
      'temporary trees',
      '<xsl:template match="/"><xsl:variable name="t"><x><y>5</y></x></xsl:variable><o><xsl:value-of select="$t/x/y"/></o></xsl:template>',
      '<o>5</o>',
      '2.0',
    ],
    ['numbering', '<xsl:template match="b"><xsl:number format="a) "/></xsl:template>', 'a) b) ', '1.0'],
    [
      'dates',
      '<xsl:template match="/"><o><xsl:value-of select="format-dateTime(current-dateTime(), \'[Y]-[M01]-[D01] [H01]:[m01]\')"/></o></xsl:template>',
      '<o>2026-01-02 03:04</o>',
      '2.0',
    ],
    ['strip-space', `<xsl:strip-space elements="*"/>${IDENTITY}`, '<a><b>1</b><b>2</b></a>', '2.0'],
  ])('%s', (_, body, expected, version) => {
    expect(
      transform(body, '<a> <b>1</b><b>2</b></a>'.replace('> <', body.includes('strip-space') ? '> <' : '><'), version),
    ).toBe(expected);
  });

  it('imports modules of the flow, whose rules come second', () => {
    const imported = sheet(
      '<xsl:template match="b"><imported/></xsl:template><xsl:template match="c"><imported/></xsl:template>',
    );
    const body =
      '<xsl:template match="/a"><o><xsl:apply-templates/></o></xsl:template><xsl:template match="b"><own/></xsl:template>';
    const stylesheet = compileStylesheet('main.xsl', sheet(`<xsl:import href="../lib/x.xsl"/>${body}`), {
      'mapping/x.xsl': imported,
    });
    const result = runTransformation(stylesheet, parseXml('<a><b/><c/></a>'), { now: 0, parameter: () => undefined });
    expect(serializeResult(result, stylesheet.output)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><o><own/><imported/></o>',
    );
  });

  it('writes text, document types and CDATA as the output says', () => {
    expect(
      transform(
        '<xsl:output method="text"/><xsl:template match="/"><xsl:value-of select="//b" separator=";"/></xsl:template>',
        '<a><b>1</b><b>&lt;</b></a>',
      ),
    ).toBe('1;<');
    expect(
      transform(
        '<xsl:output doctype-system="http://x/y.dtd" cdata-section-elements="c"/><xsl:template match="/"><cXML><c>&lt;</c></cXML></xsl:template>',
        '<a/>',
      ),
    ).toBe('<!DOCTYPE cXML SYSTEM "http://x/y.dtd"><cXML><c><![CDATA[<]]></c></cXML>');
  });

  it('refuses by name, and all at once, what is not offered', () => {
    const body =
      '<xsl:template match="/"><xsl:value-of select="d:now()"/><xsl:value-of select="doc(\'x\')"/><xsl:evaluate xpath="\'1\'"/><xsl:result-document href="o.xml"/></xsl:template>';
    try {
      transform(body, '<a/>', '3.0', 'xmlns:d="java:java.util.Date"');
      expect('compiled').toBe('refused');
    } catch (error) {
      if (!(error instanceof StylesheetError)) throw error;
      expect(error.problems.map(({ unsupported }) => unsupported)).toEqual([true, true, true, true]);
      expect(error.message).toContain('java:java.util.Date');
    }
  });

  it('ends endless recursion with a typed error', () => {
    const body = '<xsl:template match="/" name="r"><xsl:call-template name="r"/></xsl:template>';
    expect(() => transform(body, '<a/>')).toThrow(FlowProcessingError);
  });

  it('ends with the message of a stylesheet that stops', () => {
    expect(() =>
      transform('<xsl:template match="/"><xsl:message terminate="yes">bad input</xsl:message></xsl:template>', '<a/>'),
    ).toThrow('bad input');
  });
});
