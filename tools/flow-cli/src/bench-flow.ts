import {
  type CompiledFlow,
  type FlowOutcome,
  Message,
  compileFlow,
  readFlowDefinition,
  runFlow,
} from '@sluice/flow-engine';
import { parseXml } from '@sluice/xml';
import { compileXPath } from '@sluice/xpath';
import { compileStylesheet, runTransformation, serializeResult } from '@sluice/xslt';

const encoder = new TextEncoder();
const ports = { now: () => Date.now(), newId: () => 'id' };
const SECONDS = Number(process.argv[2] ?? 2);

function flowOf(yaml: string): CompiledFlow {
  return compileFlow(readFlowDefinition({ mediaType: 'application/yaml', content: encoder.encode(yaml) }).definition);
}

interface Measured {
  readonly microseconds: number;
  readonly cpuMicroseconds: number;
}

/** Runs the works in turns, so that all see the same machine; each is warmed up first. */
async function measure(...works: readonly (() => unknown)[]): Promise<readonly Measured[]> {
  const totals = works.map(() => ({ elapsed: 0, cpu: 0, count: 0 }));
  const turn = async (
    work: () => unknown,
    milliseconds: number,
  ): Promise<{ elapsed: number; cpu: number; count: number }> => {
    const cpu = process.cpuUsage();
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < milliseconds) {
      for (let inner = 0; inner < 10; inner++) {
        const pending = work();
        if (pending instanceof Promise) await pending;
      }
      count += 10;
    }
    const used = process.cpuUsage(cpu);
    return { elapsed: performance.now() - start, cpu: used.user + used.system, count };
  };
  for (const work of works) await turn(work, SECONDS * 500);
  for (let round = 0; round < 10; round++)
    for (const [index, work] of works.entries()) {
      const made = await turn(work, SECONDS * 100);
      const total = totals[index] as (typeof totals)[number];
      total.elapsed += made.elapsed;
      total.cpu += made.cpu;
      total.count += made.count;
    }
  return totals.map(({ elapsed, cpu, count }) => ({
    microseconds: (elapsed * 1000) / count,
    cpuMicroseconds: cpu / count,
  }));
}

function print(name: string, measured: Measured, note = ''): void {
  const rate = Math.round(1e6 / measured.microseconds);
  console.log(
    `${name.padEnd(38)} ${measured.microseconds.toFixed(2).padStart(10)} µs  ${measured.cpuMicroseconds.toFixed(2).padStart(10)} µs CPU  ${String(rate).padStart(9)}/s  ${note}`,
  );
}

const STYLESHEET =
  '<xsl:stylesheet version="2.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template><xsl:template match="price"><amount><xsl:value-of select="."/></amount></xsl:template></xsl:stylesheet>';
const XML = `<order id="7">${Array.from({ length: 20 }, (_, n) => `<item><sku>A${n}</sku><price>${n}.50</price><quantity>${n}</quantity></item>`).join('')}</order>`;
const JSON_BODY = JSON.stringify({
  id: 7,
  items: Array.from({ length: 20 }, (_, n) => ({ sku: `A${n}`, price: n, quantity: n })),
});

const echo = flowOf('name: echo\nsender: {adapter: HTTPS, address: /e}\nsteps: []\n');
const simple = flowOf(
  `name: simple\nsender: {adapter: HTTPS, address: /s}\nsteps:\n${Array.from({ length: 10 }, (_, n) => `  - contentModifier: {headers: {H${n}: "\${header.in}-${n}"}}`).join('\n')}\n`,
);
const xml = flowOf(`name: xml
sender: {adapter: HTTPS, address: /x}
resources: {a.xsl: '${STYLESHEET}'}
steps:
  - contentModifier: {properties: {id: {xpath: "/order/@id", type: String}}}
  - router: {routes: [{when: {xpath: "count(//item) > 5"}, steps: [{contentModifier: {headers: {Large: "true"}}}]}]}
  - xslt: {stylesheet: a.xsl}
  - contentModifier: {headers: {Id: "\${property.id}"}}
`);
const json = flowOf(`name: json
sender: {adapter: HTTPS, address: /j}
steps:
  - jsonToXml: {rootElement: root}
  - contentModifier: {properties: {total: {xpath: "sum(//price)"}}}
  - xmlToJson: {suppressRootElement: true}
`);

function expectCompleted(outcome: FlowOutcome): FlowOutcome {
  if (outcome.error !== undefined) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome;
}

const stylesheet = compileStylesheet('a.xsl', STYLESHEET, {});
const noNames = { namespace: () => null };
const idPath = compileXPath('/order/@id', noNames);
const countPath = compileXPath('count(//item) > 5', noNames);
const noVariables = { now: ports.now, variable: () => undefined };

/** The same work as the XML flow, on the libraries alone. */
function bareXml(): string {
  const document = parseXml(XML);
  const id = idPath.toText(document, noVariables);
  const large = countPath.toBoolean(document, noVariables);
  const result = serializeResult(
    runTransformation(stylesheet, document, { now: Date.now(), parameter: () => undefined }),
    stylesheet.output,
  );
  return id + String(large) + result;
}

const [echoTime, simpleTime] = (await measure(
  () => runFlow(echo, new Message({ body: 'x' }), ports),
  () => runFlow(simple, new Message({ headers: [['in', 'v']], body: 'x' }), ports),
)) as [Measured, Measured];
print('echo, no steps', echoTime);
const step = (simpleTime.cpuMicroseconds - echoTime.cpuMicroseconds) / 10;
print('10 content modifiers', simpleTime, `${step.toFixed(2)} µs CPU a step`);

expectCompleted(await runFlow(xml, new Message({ body: XML }), ports));
const [xmlTime, bareTime] = (await measure(() => runFlow(xml, new Message({ body: XML }), ports), bareXml)) as [
  Measured,
  Measured,
];
print('XML flow: XPath, router, XSLT', xmlTime);
print(
  '  the same on the libraries alone',
  bareTime,
  `overhead ${(xmlTime.cpuMicroseconds / bareTime.cpuMicroseconds).toFixed(2)} (CPU)`,
);

expectCompleted(await runFlow(json, new Message({ body: JSON_BODY }), ports));
const [jsonTime, parseTime] = (await measure(
  () => runFlow(json, new Message({ body: JSON_BODY }), ports),
  () => JSON.stringify(JSON.parse(JSON_BODY)),
)) as [Measured, Measured];
print('JSON flow: to XML, XPath, to JSON', jsonTime);
print('  JSON.parse and stringify alone', parseTime);
