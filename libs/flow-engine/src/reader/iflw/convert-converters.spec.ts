import { describe, expect, it } from '@jest/globals';
import { compileFlow } from '../../compile/compile-flow.js';
import { FlowDefinitionError, type FlowProblem, type FlowWarning } from '../../error/flow-errors.js';
import { Message } from '../../message/message.js';
import { runFlow } from '../../run/run-flow.js';
import { fixedPorts, utf8 } from '../../testing/flow-fixture.js';
import { activity, escaped, iflw, line } from '../../testing/iflw-fixture.js';
import { readFlowDefinition } from '../read-flow-definition.js';

type Properties = Record<string, string>;
interface Given {
  readonly files?: Record<string, string>;
  readonly namespaces?: string;
}

function read(steps: readonly Properties[], { files = {}, namespaces = '' }: Given) {
  const process = line(
    ...steps.map((entries, index): [string, string] => [`S${index}`, activity(`S${index}`, entries)]),
  );
  return readFlowDefinition({
    mediaType: 'application/xml',
    content: utf8(iflw(process, { flowProperties: { namespaceMapping: namespaces } })),
    files: new Map(Object.entries(files).map(([name, text]) => [name, utf8(text)])),
  });
}

async function bodyAfter(steps: readonly Properties[], body: string, given: Given = {}): Promise<string> {
  const { definition } = read(steps, given);
  const outcome = await runFlow(
    compileFlow(JSON.parse(JSON.stringify(definition)) as typeof definition),
    new Message({ body }),
    fixedPorts(),
  );
  if (outcome.error !== undefined) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.message.text().replace(/^<\?xml[^>]*\?>/, '');
}

function problemsOf(step: Properties, given: Given = {}): readonly FlowProblem[] {
  try {
    read([step], given);
    return [];
  } catch (error) {
    if (error instanceof FlowDefinitionError) return error.problems;
    throw error;
  }
}

const warningsOf = (step: Properties, given: Given = {}): readonly FlowWarning[] => read([step], given).warnings;

const schema = (content: string, more = '', head = ''): string =>
  `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"${head}>${more}<xs:element name="rows"><xs:complexType><xs:sequence><xs:element name="row" maxOccurs="unbounded">${content}</xs:element></xs:sequence></xs:complexType></xs:element></xs:schema>`;
const record = (content: string): string => `<xs:complexType>${content}</xs:complexType>`;
const FIELDS = '<xs:element name="id"/><xs:element name="name"/><xs:element name="city" minOccurs="0"/>';
const ROWS = schema(record(`<xs:sequence>${FIELDS}</xs:sequence>`));
const CSV: Properties = {
  activityType: 'CsvToXmlConverter',
  XML_Schema_File_Path: '/xsd/rows.xsd',
  XPath_Field_Location: '/rows/row',
  Field_Separator_in_CSV: ',',
  ignoreFirstLineAsHeader: 'true',
  headerMapping: 'mapHeadersToXSD',
};
const withRows = (text: string): Given => ({ files: { 'xsd/rows.xsd': text } });

describe('the CSV converter of an artifact', () => {
  it.each([
    [
      'by header, in the order of the schema',
      {},
      'city,id,name\nBonn,1,alice',
      '<id>1</id><name>alice</name><city>Bonn</city>',
    ],
    ['by header where it says no way', { headerMapping: '' }, 'name,id\nalice,1', '<id>1</id><name>alice</name>'],
    ['without an optional field', {}, 'name,price,id\nalice,9,1', '<id>1</id><name>alice</name>'],
    [
      'by place where the first line is a record, whatever the mapping of headers is',
      { ignoreFirstLineAsHeader: 'false' },
      '1,alice,Bonn',
      '<id>1</id><name>alice</name><city>Bonn</city>',
    ],
    [
      'behind a record marker',
      { ignoreFirstLineAsHeader: 'false', Record_Identifier_in_CSV: 'ID' },
      'a comment,x,y\nID,1,alice',
      '<id>1</id><name>alice</name>',
    ],
    [
      'with a record marker and a header',
      { Record_Identifier_in_CSV: 'Yes' },
      'M,name,id\nYes,alice,1\nNo,bob,2',
      '<id>1</id><name>alice</name>',
    ],
    ['with another separator', { Field_Separator_in_CSV: '|' }, 'name|id\nal,ice|1', '<id>1</id><name>al,ice</name>'],
  ])('names columns %s', async (_, more, csv, row) => {
    expect(await bodyAfter([{ ...CSV, ...more }], csv, withRows(ROWS))).toBe(`<rows><row>${row}</row></rows>`);
  });

  it('fails on a header that lacks a required field and names another', async () => {
    await expect(bodyAfter([CSV], 'id,surname\n1,alice', withRows(ROWS))).rejects.toThrow('csv-malformed');
  });

  it.each([
    [
      'a named type',
      schema('', `<xs:complexType name="T"><xs:sequence>${FIELDS}</xs:sequence></xs:complexType>`).replace(
        'name="row"',
        'name="row" type="T"',
      ),
    ],
    [
      'a group',
      schema(record('<xs:group ref="g"/>'), `<xs:group name="g"><xs:sequence>${FIELDS}</xs:sequence></xs:group>`),
    ],
    [
      'references and an extension',
      schema(
        record(
          '<xs:complexContent><xs:extension base="B"><xs:sequence><xs:element ref="name"/><xs:element name="city"/></xs:sequence></xs:extension></xs:complexContent>',
        ),
        '<xs:element name="name"/><xs:complexType name="B"><xs:sequence><xs:element name="id"/></xs:sequence></xs:complexType>',
      ),
    ],
    [
      'another element of the same name before it',
      schema(
        record(`<xs:sequence>${FIELDS}</xs:sequence>`),
        `<xs:element name="row">${record('<xs:sequence><xs:element name="x"/></xs:sequence>')}</xs:element>`,
      ),
    ],
  ])('reads the fields of a record with %s', async (_, text) => {
    expect(await bodyAfter([CSV], 'name,id\nalice,1', withRows(text))).toBe(
      '<rows><row><id>1</id><name>alice</name></row></rows>',
    );
  });

  it('reads a type of a schema that is included', async () => {
    const types = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="rows.xsd"/><xs:complexType name="T"><xs:sequence>${FIELDS}</xs:sequence></xs:complexType></xs:schema>`;
    const rows = schema('', '<xs:include schemaLocation="types.xsd"/>').replace('name="row"', 'name="row" type="T"');
    const files = { 'xsd/rows.xsd': rows, 'xsd/types.xsd': types };
    expect(await bodyAfter([CSV], 'name,id\nalice,1', { files })).toContain('<id>1</id><name>alice</name>');
  });

  it.each([
    ['no schema', {}],
    ['a choice', withRows(schema(record(`<xs:choice>${FIELDS}</xs:choice>`)))],
    [
      'a record in the record',
      withRows(
        schema(
          record(
            `<xs:sequence><xs:element name="in">${record(`<xs:sequence>${FIELDS}</xs:sequence>`)}</xs:element></xs:sequence>`,
          ),
        ),
      ),
    ],
    [
      'a type that holds itself',
      withRows(
        schema(
          '',
          '<xs:complexType name="T"><xs:complexContent><xs:extension base="T"/></xs:complexContent></xs:complexType>',
        ).replace('name="row"', 'name="row" type="T"'),
      ),
    ],
    ['another path', withRows(ROWS.replace('name="rows"', 'name="lines"'))],
  ])('is refused with %s', (_, given) => {
    expect(problemsOf(CSV, given)).toEqual([
      expect.objectContaining({ code: 'missing-resource', element: expect.objectContaining({ id: 'S0' }) }),
    ]);
  });

  it.each([
    ['unsupported-setting', { headerMapping: 'mapHeadersBySomething' }],
    ['unsupported-setting', { Record_Identifier_in_CSV: '${header.marker}' }],
    ['unsupported-setting', { XML_Schema_File_Path: 'pd:partner:schema:binary' }],
    ['unsupported-setting', { XPath_Field_Location: '/${property.path}' }],
  ])('is refused: %s for %j', (code, more) => {
    expect(problemsOf({ ...CSV, ...more }, withRows(ROWS)).map((problem) => problem.code)).toEqual([code]);
  });

  it('is refused with a field whose name is none', () => {
    const text = ROWS.replace('name="id"', 'name="Purchase Order"');
    expect(problemsOf(CSV, withRows(text)).map(({ code }) => code)).toEqual(['invalid-value']);
  });

  it('tells that a target namespace is not written', () => {
    expect(
      warningsOf(CSV, withRows(schema(record(`<xs:sequence>${FIELDS}</xs:sequence>`), '', ' targetNamespace="urn:t"'))),
    ).toEqual([expect.objectContaining({ code: 'ignored-setting', message: expect.stringContaining('urn:t') })]);
  });
});

describe('the JSON converters of an artifact', () => {
  const TO_XML: Properties = { activityType: 'JsonToXmlConverter', addXMLRootElement: 'false', useNamespaces: 'true' };
  const TO_JSON: Properties = { activityType: 'XmlToJsonConverter', useNamespaces: 'true' };
  const table = (...rows: string[][]): string =>
    escaped(rows.map((cells) => `<row>${cells.map((cell) => `<cell>${cell}</cell>`).join('')}</row>`).join(''));

  it('keep unmapped prefixes with the settings that artifacts mostly have', async () => {
    expect(await bodyAfter([TO_JSON], '<n:Order xmlns:n="http://x/y"><Id>1</Id></n:Order>')).toBe(
      '{"n:Order":{"Id":"1"}}',
    );
    expect(await bodyAfter([TO_XML], '{"p:A":1}')).toBe('<p:A>1</p:A>');
  });

  it.each([
    ['in the order of the converter', ['m', 'urn:m'], ['urn:m', 'm']],
    ['in the other order', ['urn:m', 'm'], ['m', 'urn:m']],
    ['in the order of the converter when both could be a prefix', ['m', 'sap'], ['sap', 'm']],
  ])('read the namespace mapping %s', async (_, toXml, toJson) => {
    const uri = toXml.includes('sap') ? 'sap' : 'urn:m';
    const jsonNamespaceSeparator = '.';
    expect(
      await bodyAfter(
        [{ ...TO_XML, jsonNamespaceSeparator, jsonNamespaceMapping: table(toXml, ['', '']) }],
        '{"m.A":1}',
      ),
    ).toBe(`<m:A xmlns:m="${uri}">1</m:A>`);
    expect(
      await bodyAfter(
        [{ ...TO_JSON, jsonNamespaceSeparator, jsonNamespaceMapping: table(toJson) }],
        `<A xmlns="${uri}"/>`,
      ),
    ).toBe('{"m.A":""}');
  });

  it('do not look at the mapping when it is not in use', async () => {
    const jsonNamespaceMapping = table(['m', 'urn:m']);
    expect(await bodyAfter([{ ...TO_XML, useNamespaces: 'false', jsonNamespaceMapping }], '{"m:A":1}')).toBe(
      '<A>1</A>',
    );
    expect(
      await bodyAfter([{ ...TO_JSON, useNamespaces: 'false', jsonNamespaceMapping }], '<m:A xmlns:m="urn:m"/>'),
    ).toBe('{"A":""}');
    const broken = { useNamespaces: 'false', jsonNamespaceMapping: table(['m', '']) };
    expect([...problemsOf({ ...TO_XML, ...broken }), ...problemsOf({ ...TO_JSON, ...broken })]).toEqual([]);
  });

  it('stream as they say', async () => {
    const streaming = { ...TO_JSON, xmlJsonUseStreaming: 'true', xmlJsonConvertAllElements: 'all' };
    expect(await bodyAfter([streaming], '<A xmlns="http://test"><b>v</b></A>')).toBe('{"A":[{"b":["v"]}]}');
    await expect(bodyAfter([TO_JSON], '<A xmlns="http://test"/>')).rejects.toThrow('conversion-failed');
  });

  it.each([
    ['invalid-value', { ...TO_XML, jsonNamespaceSeparator: '::' }],
    ['invalid-value', { ...TO_JSON, jsonNamespaceSeparator: '-' }],
    ['invalid-value', { ...TO_XML, jsonNamespaceMapping: table(['m', '']) }],
    ['invalid-value', { ...TO_XML, jsonNamespaceMapping: table(['urn:a', 'urn:b']) }],
    ['invalid-value', { ...TO_XML, jsonNamespaceMapping: table(['m', 'urn:a'], ['m', 'urn:b']) }],
    ['invalid-value', { ...TO_JSON, jsonNamespaceMapping: table(['urn:a', 'm'], ['urn:a', 'n']) }],
    ['unsupported-setting', { ...TO_JSON, jsonOutputEncoding: 'ISO-8859-1' }],
  ])('are refused: %s for %j', (code, step) => {
    expect(problemsOf(step).map((problem) => problem.code)).toEqual([code]);
  });
});

describe('the XML to CSV converter of an artifact', () => {
  it('writes the header that newer versions ask for', async () => {
    const step = { activityType: 'XmlToCsvConverter', XPath_Field_Location: '/r/x', Include_Header: 'true' };
    expect(await bodyAfter([step], '<r><x><a>1</a></x></r>')).toBe('a\n1\n');
    expect(await bodyAfter([{ ...step, Include_Header: 'false' }], '<r><x><a>1</a></x></r>')).toBe('1\n');
  });
});

describe('default namespaces in the XPath of an artifact’s splitter', () => {
  const GATHER: Properties = {
    activityType: 'Gather',
    messageType: 'XML (Same Format)',
    aggregationAlgorithm: 'multi-mapping',
  };
  const splitter = (version: Properties, more: Properties = {}): Properties => ({
    activityType: 'Splitter',
    splitType: 'GeneralSplitter',
    exprType: 'XPath',
    splitExprValue: '/a/b/c',
    grouping: '1',
    ...version,
    ...more,
  });
  const partsOf = async (step: Properties, body = '<a xmlns="sap"><b><c>1</c><c>2</c></b></a>'): Promise<number> =>
    (await bodyAfter([step, GATHER], body, { namespaces: 'xmlns:n0=sap' })).match(/<c/g)?.length ?? 0;

  it.each([
    [{ componentVersion: '1.0' }, 2],
    [{ componentVersion: '1.1' }, 2],
    [{ cmdVariantUri: 'ctype::FlowstepVariant/cname::GeneralSplitter/version::1.1.2' }, 2],
    [{ componentVersion: '1.2' }, 0],
    [{ componentVersion: '1.5' }, 0],
    [{ componentVersion: '1.10' }, 0],
    [{ componentVersion: '2.0' }, 0],
    [{ cmdVariantUri: 'ctype::FlowstepVariant/cname::GeneralSplitter/version::1.6.0' }, 0],
  ])('count from version 1.2 on: %j gives %i parts', async (version: Properties, parts) => {
    expect(await partsOf(splitter(version))).toBe(parts);
    expect(await partsOf(splitter(version, { splitType: 'IteratingSplitter' }))).toBe(parts);
    expect(await partsOf(splitter(version, { splitExprValue: '/n0:a/n0:b/n0:c' }))).toBe(2 - parts);
    expect(
      await partsOf(splitter(version, { splitExprValue: '/n0:a/b/c' }), '<p:a xmlns:p="sap"><b><c/></b></p:a>'),
    ).toBe(1);
  });

  it('are told of when the splitter has no version, and refused when it is none', () => {
    expect(warningsOf(splitter({})).map(({ code }) => code)).toEqual(['incomplete-configuration']);
    expect(problemsOf(splitter({ componentVersion: 'new' })).map(({ code }) => code)).toEqual(['invalid-value']);
  });

  it('do not matter to lines and tokens', () => {
    expect(warningsOf(splitter({}, { exprType: 'Line Break' }))).toEqual([]);
  });
});
