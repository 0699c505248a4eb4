/** What a permitted sender sends, and the flow it sends it to. */
export interface Attack {
  readonly name: string;
  /** Steps of the flow, as its JSON has them. */
  readonly steps: readonly unknown[];
  /** Other members of the flow. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: () => Buffer;
  /** Messages, all at once. */
  readonly messages: number;
}

const MB = 1_048_576;
const xml = 'application/xml';
const json = 'application/json';
const text = 'text/plain';

function repeated(unit: string, bytes: number, head = '', tail = ''): Buffer {
  const count = Math.max(1, Math.floor((bytes - head.length - tail.length) / unit.length));
  return Buffer.from(head + unit.repeat(count) + tail);
}

const records = (bytes: number) => repeated('<r><id>1</id><v>some text</v></r>', bytes, '<rs>', '</rs>');
const endlessXslt = `<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/"><r><xsl:for-each select="1 to 1000000000"><xsl:if test=". = -1"><a/></xsl:if></xsl:for-each></r></xsl:template></xsl:stylesheet>`;
const copyXslt = `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template></xsl:stylesheet>`;
const loopOf = (...steps: unknown[]) => ({
  steps: [{ processCall: { process: 'p', loop: { while: 'true = true', maximumIterations: 99_999 } } }],
  more: { processes: { p: { steps } } },
});
const script = (source: string) => ({ steps: [{ script: { script: 's.js' } }], more: { scripts: { 's.js': source } } });

export const attacks: readonly Attack[] = [
  {
    name: 'CSV to XML, 38 MB',
    steps: [{ csvToXml: { recordPath: '/rs/r', fieldNames: ['a', 'b'] } }],
    contentType: 'text/csv',
    body: () => repeated('1,two\n', 38 * MB),
    messages: 1,
  },
  {
    name: 'JSON to XML, 19 MB',
    steps: [{ jsonToXml: { rootElement: 'root' } }],
    contentType: json,
    body: () => repeated('{"a":1,"b":"two"},', 19 * MB, '{"r":[', '{"a":1}]}'),
    messages: 1,
  },
  {
    name: 'XML to JSON, 19 MB',
    steps: [{ xmlToJson: {} }],
    contentType: xml,
    body: () => records(19 * MB),
    messages: 1,
  },
  {
    name: 'XPath router, 9.6 MB',
    steps: [{ router: { routes: [{ when: { xpath: 'count(//id) > 3' }, steps: [] }], otherwise: [] } }],
    contentType: xml,
    body: () => records(9.6 * MB),
    messages: 1,
  },
  {
    name: 'XSLT, 38 MB',
    steps: [{ xslt: { stylesheet: 'c.xsl' } }],
    more: { resources: { 'c.xsl': copyXslt } },
    contentType: xml,
    body: () => records(38 * MB),
    messages: 1,
  },
  {
    name: 'XSLT without end, 10 at once',
    steps: [{ xslt: { stylesheet: 'c.xsl' } }],
    more: { resources: { 'c.xsl': endlessXslt } },
    contentType: xml,
    body: () => Buffer.from('<a/>'),
    messages: 10,
  },
  {
    name: 'JSONata $distinct, 0.7 MB',
    steps: [{ mapping: { jsonata: '$count($distinct(a))' } }],
    contentType: json,
    body: () => Buffer.from(JSON.stringify({ a: Array.from({ length: 80_000 }, (_, n) => ({ n })) })),
    messages: 3,
  },
  {
    name: 'JSON Schema uniqueItems, 0.35 MB',
    steps: [{ jsonValidation: { schema: 's.json' } }],
    more: { resources: { 's.json': '{"type": "array", "uniqueItems": true}' } },
    contentType: json,
    body: () => Buffer.from(JSON.stringify(Array.from({ length: 30_000 }, (_, n) => ({ n })))),
    messages: 3,
  },
  {
    name: 'conversions in a loop, 20 kB',
    ...loopOf({ jsonToXml: { rootElement: 'root' } }, { xmlToJson: {} }),
    contentType: json,
    body: () => repeated('{"a":1},', 20_000, '{"r":[', '{"a":1}]}'),
    messages: 5,
  },
  {
    name: 'log with the body in a loop',
    ...loopOf({ log: { text: '${body}', attachBody: true } }),
    contentType: text,
    body: () => repeated('x', 64_000),
    messages: 5,
  },
  {
    name: 'text doubled in a loop',
    ...loopOf({ contentModifier: { body: '${body}${body}' } }),
    contentType: text,
    body: () => repeated('x', 64_000),
    messages: 5,
  },
  {
    name: 'property doubled by 60 steps',
    steps: Array.from({ length: 60 }, () => ({
      contentModifier: { properties: { p: '${property.p}${property.p}x' } },
    })),
    contentType: text,
    body: () => Buffer.from('x'),
    messages: 5,
  },
  {
    name: '38 bodies of 39 MB at once',
    steps: [{ contentModifier: { headers: { a: 'b' } } }],
    contentType: text,
    body: () => repeated('x', 39 * MB),
    messages: 38,
  },
  {
    name: 'script without end, 6 at once',
    ...script('function processData() { for (;;); }'),
    contentType: text,
    body: () => Buffer.from('x'),
    messages: 6,
  },
  {
    name: 'script that takes memory, 6 at once',
    ...script('function processData(m) { const a = []; for (;;) a.push("x".repeat(100000)); }'),
    contentType: text,
    body: () => Buffer.from('x'),
    messages: 6,
  },
  {
    name: 'XPath of the fourth power, 20 kB',
    steps: [{ filter: { xpath: '//id[//v[//id[//v = "none"]]]' } }],
    contentType: xml,
    body: () => records(20_000),
    messages: 3,
  },
  {
    name: 'XPath range of a billion',
    steps: [{ filter: { xpath: 'count(for $a in 1 to 1000000000 return $a)', resultType: 'Number' } }],
    contentType: xml,
    body: () => Buffer.from('<a/>'),
    messages: 3,
  },
  {
    name: 'splitter, 300,000 parts',
    steps: [{ splitter: { xpath: '/rs/r', steps: [{ contentModifier: { headers: { a: '${body}' } } }] } }],
    contentType: xml,
    body: () => records(10 * MB),
    messages: 2,
  },
  {
    name: 'regular expression on 5 MB',
    steps: [{ router: { routes: [{ when: "${body} regex '(x+x+)+y|.*(a|b|ab)*c.*'", steps: [] }], otherwise: [] } }],
    contentType: text,
    body: () => repeated('x', 5 * MB),
    messages: 3,
  },
  {
    name: 'XML nested 3 MB deep',
    steps: [{ filter: { xpath: '//a' } }],
    contentType: xml,
    body: () => repeated('<a>', 3 * MB),
    messages: 3,
  },
  {
    name: 'XML of attributes, 10 MB',
    steps: [{ filter: { xpath: '//@*' } }],
    contentType: xml,
    body: () => Buffer.from(`<a ${Array.from({ length: 600_000 }, (_, n) => `a${n}="1"`).join(' ')}/>`),
    messages: 2,
  },
  {
    name: 'JSON nested 5 MB deep',
    steps: [{ jsonToXml: { rootElement: 'root' } }],
    contentType: json,
    body: () => repeated('[', 5 * MB),
    messages: 3,
  },
  {
    name: 'Base64, 38 MB',
    steps: [{ encode: { encoding: 'Base64' } }, { decode: { encoding: 'Base64' } }],
    contentType: text,
    body: () => repeated('x', 38 * MB),
    messages: 2,
  },
  {
    name: 'GZIP of 38 MB',
    steps: [{ encode: { encoding: 'GZIP' } }, { decode: { encoding: 'GZIP' } }],
    contentType: text,
    body: () => repeated('a1b2', 38 * MB),
    messages: 2,
  },
  {
    name: 'UTF-16 of 38 MB, written in ISO-8859-1',
    steps: [{ contentModifier: { headers: { CamelCharsetName: 'ISO-8859-1' }, body: '${body}x' } }],
    contentType: 'text/plain; charset=utf-16le',
    body: () => repeated('x\0', 38 * MB),
    messages: 2,
  },
  {
    name: 'CSV of one quoted field, 38 MB',
    steps: [{ csvToXml: { recordPath: '/rs/r', fieldNames: ['a'] } }],
    contentType: 'text/csv',
    body: () => repeated('""', 38 * MB, '"', '"'),
    messages: 1,
  },
  {
    name: 'gather of 100,000 parts',
    steps: [
      {
        splitter: {
          xpath: '/rs/r',
          steps: [{ contentModifier: { headers: { a: 'b' } } }],
          gather: { strategy: 'combine' },
        },
      },
    ],
    contentType: xml,
    body: () => records(3.5 * MB),
    messages: 2,
  },
  {
    name: 'body of 38 MB into the data store',
    steps: [{ dataStoreWrite: { store: 's', entryId: 'one', overwrite: true, encrypt: true } }],
    contentType: text,
    body: () => repeated('x', 38 * MB),
    messages: 2,
  },
  {
    name: 'traced payloads of 10 MB, 60 steps',
    steps: Array.from({ length: 60 }, () => ({ contentModifier: { headers: { a: 'b' } } })),
    more: { log: { level: 'TRACE' } },
    contentType: text,
    body: () => repeated('x', 10 * MB),
    messages: 5,
  },
  {
    name: 'messages of 2 kB that convert, 3,000',
    steps: [{ jsonToXml: { rootElement: 'root' } }],
    contentType: json,
    body: () => repeated('{"a":1},', 2_000, '{"r":[', '{"a":1}]}'),
    messages: 3_000,
  },
];
