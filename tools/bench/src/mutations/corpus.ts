import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zip } from './zip.js';

/** Bodies of one kind, and what the flow they are sent to does with them. */
export interface BodyKind {
  readonly name: string;
  readonly sender?: Readonly<Record<string, unknown>>;
  readonly steps: readonly unknown[];
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A definition as it is checked and deployed. */
export interface DefinitionKind {
  readonly name: string;
  readonly mediaType: string;
  readonly content: Buffer;
}

const positions = Array.from({ length: 60 }, (_, n) => ({
  n: n + 1,
  article: `A-${1_000 + n}`,
  name: `Café no. ${n}, "naïve" & more`,
  price: n * 1.25,
}));
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const order = `<?xml version="1.0" encoding="UTF-8"?>
<ns:Order xmlns:ns="urn:example:orders" xmlns:a="urn:example:address" id="4711"><!-- by the shop -->
<a:Address kind="ship"><a:Name>Café &amp; more</a:Name><a:City xml:lang="de">Zürich</a:City></a:Address>
<?handling fragile?>${positions.map(({ n, article, name, price }) => `<Item n="${n}"><Article>${article}</Article><Name>${escaped(name)}</Name><Price currency="EUR">${price}</Price><Text><![CDATA[<b>${n}</b>]]></Text></Item>`).join('\n')}
</ns:Order>`;
const orderJson = JSON.stringify({ order: { id: 4711, name: 'Café & more', open: true, none: null, positions } });
const orderCsv = `n;article;name;price\r\n${positions.map(({ n, article, name, price }) => `${n};${article};"${name.replaceAll('"', '""')}";${price}`).join('\r\n')}\r\n`;
const soap = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header><wsa:MessageID xmlns:wsa="http://www.w3.org/2005/08/addressing">urn:uuid:1</wsa:MessageID></soap:Header><soap:Body>${order.slice(order.indexOf('<ns:'))}</soap:Body></soap:Envelope>`;
const stylesheet = `<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:ns="urn:example:orders"><xsl:template match="/"><list><xsl:for-each-group select="//Item" group-by="number(Price) idiv 10"><g sum="{sum(current-group()/Price)}"><xsl:apply-templates select="current-group()"/></g></xsl:for-each-group></list></xsl:template><xsl:template match="Item"><i><xsl:value-of select="replace(Name, '[^A-Za-z]+', '-')"/></i></xsl:template></xsl:stylesheet>`;
const schema = JSON.stringify({
  type: 'object',
  properties: {
    order: { type: 'object', required: ['id'], properties: { positions: { type: 'array', uniqueItems: true } } },
  },
});
const xml = { 'content-type': 'application/xml' };
const json = { 'content-type': 'application/json' };

export const bodyKinds: readonly BodyKind[] = [
  {
    name: 'xml',
    steps: [
      {
        router: {
          routes: [{ when: { xpath: '//Item[Price > 10]' }, steps: [{ filter: { xpath: '/*/*' } }] }],
          otherwise: [],
        },
      },
      { xmlToJson: {} },
    ],
    headers: xml,
    body: Buffer.from(order),
  },
  {
    name: 'xslt',
    steps: [{ xslt: { stylesheet: 'o.xsl' } }],
    more: { resources: { 'o.xsl': stylesheet } },
    headers: xml,
    body: Buffer.from(order),
  },
  {
    name: 'splitter',
    steps: [
      {
        splitter: {
          xpath: '//Item',
          steps: [{ contentModifier: { headers: { n: '${body}' } } }],
          gather: { strategy: 'combine' },
        },
      },
    ],
    headers: xml,
    body: Buffer.from(order),
  },
  {
    name: 'soap',
    sender: { adapter: 'SOAP' },
    steps: [{ filter: { xpath: '//Item' } }],
    headers: { 'content-type': 'text/xml' },
    body: Buffer.from(soap),
  },
  {
    name: 'json',
    steps: [{ jsonToXml: { rootElement: 'root' } }, { filter: { xpath: '//price' } }],
    headers: json,
    body: Buffer.from(orderJson),
  },
  {
    name: 'mapping',
    steps: [
      { jsonValidation: { schema: 's.json' } },
      { mapping: { jsonata: '$sort($distinct(order.positions.name))' } },
    ],
    more: { resources: { 's.json': schema } },
    headers: json,
    body: Buffer.from(orderJson),
  },
  {
    name: 'csv',
    steps: [
      { csvToXml: { recordPath: '/rs/r', fieldSeparator: ';', fieldNames: ['n', 'article', 'name', 'price'] } },
      { xmlToJson: {} },
    ],
    headers: { 'content-type': 'text/csv' },
    body: Buffer.from(orderCsv),
  },
  {
    name: 'gzip',
    steps: [{ decode: { encoding: 'GZIP' } }, { xmlToJson: {} }],
    headers: { 'content-type': 'application/octet-stream' },
    body: gzipSync(order),
  },
  // Its coding is taken off before the flow begins.
  { name: 'coded', steps: [{ xmlToJson: {} }], headers: { ...xml, 'content-encoding': 'gzip' }, body: gzipSync(order) },
  {
    name: 'zip',
    steps: [{ decode: { encoding: 'ZIP' } }, { xmlToJson: {} }],
    headers: { 'content-type': 'application/zip' },
    body: zip({ 'order.xml': order }),
  },
  {
    name: 'base64',
    steps: [{ decode: { encoding: 'Base64' } }, { jsonToXml: { rootElement: 'root' } }],
    headers: { 'content-type': 'text/plain' },
    body: Buffer.from(Buffer.from(orderJson).toString('base64')),
  },
  {
    name: 'text',
    steps: [{ contentModifier: { headers: { Begins: '${body}' }, body: '{"all": "${body}"}' } }],
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: Buffer.from(orderCsv),
  },
];

const property = (key: string, value: string) =>
  `<ifl:property><key>${key}</key><value>${value}</value></ifl:property>`;
const iflw = `<?xml version="1.0"?><bpmn2:definitions xmlns:bpmn2="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:ifl="http:///com.sap.ifl.model/Ifl.xsd" id="D"><bpmn2:collaboration id="C"><bpmn2:messageFlow id="M" name="in" sourceRef="P" targetRef="S"><bpmn2:extensionElements>${property('ComponentType', 'HTTPS')}${property('direction', 'Sender')}${property('urlPath', '/mutant')}${property('senderAuthType', 'RoleBased')}${property('userRole', 'ESBMessaging.send')}</bpmn2:extensionElements></bpmn2:messageFlow></bpmn2:collaboration><bpmn2:process id="Q" name="Main"><bpmn2:startEvent id="S"><bpmn2:messageEventDefinition/></bpmn2:startEvent><bpmn2:callActivity id="X" name="X"><bpmn2:extensionElements>${property('activityType', 'Enricher')}${property('bodyType', 'expression')}${property('wrapContent', '${body}')}</bpmn2:extensionElements></bpmn2:callActivity><bpmn2:endEvent id="E"><bpmn2:messageEventDefinition/></bpmn2:endEvent><bpmn2:sequenceFlow id="F1" sourceRef="S" targetRef="X"/><bpmn2:sequenceFlow id="F2" sourceRef="X" targetRef="E"/></bpmn2:process></bpmn2:definitions>`;
const examples = join(import.meta.dirname, '..', '..', '..', '..', 'examples', 'flows');

/** The flows of the reference, and one of the other product, alone and in its package. */
export const definitionKinds: readonly DefinitionKind[] = [
  ...readdirSync(examples)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => ({ name: file, mediaType: 'application/yaml', content: readFileSync(join(examples, file)) })),
  ...Array.from({ length: 20 }, () => ({ name: 'iflw', mediaType: 'application/xml', content: Buffer.from(iflw) })),
  ...Array.from({ length: 10 }, () => ({
    name: 'package',
    mediaType: 'application/zip',
    content: zip({
      'META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\nBundle-SymbolicName: mutant\nSAP-BundleType: IntegrationFlow\n',
      'src/main/resources/scenarioflows/integrationflow/mutant.iflw': iflw,
      'src/main/resources/mapping/o.xsl': stylesheet,
    }),
  })),
];
