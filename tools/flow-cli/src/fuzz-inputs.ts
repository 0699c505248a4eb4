import { type FlowMediaType, checkFlow } from '@sluice/flow-engine';
import { parseXml } from '@sluice/xml';

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  /** Longest time one input may take, in milliseconds. */
  readonly limitMs: number;
  /** Texts that are mutated, beside those built in: artifacts for example. */
  readonly artifacts: readonly string[];
}

export interface FuzzResult {
  readonly inputs: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  readonly heapGrowthBytes: number;
  /** What went wrong, with what it takes to see it again. */
  readonly failures: readonly string[];
}

const XML =
  '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]><r xmlns="urn:d" a="1"><!-- c --><p x="&lt;"><![CDATA[d]]></p>g</r>';
const JSON_FLOW =
  '{"name": "a", "sender": {"adapter": "HTTPS", "address": "/a"}, "steps": [{"contentModifier": {"body": "x"}}, {"filter": {"xpath": "//a"}}]}';
const YAML_FLOW = `name: a
sender: {adapter: HTTPS, address: /a}
steps:
  - contentModifier: {headers: {X: "\${date:now:yyyy}"}, body: "\${body}"}
  - router: {routes: [{when: "\${header.a} = 1", steps: [{filter: {xpath: //a}}]}], otherwise: [{errorEnd: {}}]}
  - splitter: {xpath: /a/b, steps: [{jsonToXml: {}}], gather: {}}
`;
const BPMN =
  '<bpmn2:definitions xmlns:bpmn2="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:ifl="http:///com.sap.ifl.model/Ifl.xsd" id="D"><bpmn2:collaboration id="C"><bpmn2:messageFlow id="M" sourceRef="P" targetRef="S"><bpmn2:extensionElements><ifl:property><key>ComponentType</key><value>HTTPS</value></ifl:property><ifl:property><key>urlPath</key><value>/a</value></ifl:property></bpmn2:extensionElements></bpmn2:messageFlow></bpmn2:collaboration><bpmn2:process id="Q"><bpmn2:startEvent id="S"/><bpmn2:endEvent id="E"/><bpmn2:sequenceFlow id="F" sourceRef="S" targetRef="E"/></bpmn2:process></bpmn2:definitions>';
const PIECES = [
  '<',
  '>',
  '&',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  ':',
  '${',
  '}}',
  '{{x}}',
  '\u0000',
  '\ud800',
  '&a;',
  '<!DOCTYPE',
  ']]>',
  '- ',
  '\n',
  '*a',
  '&a ',
  '!!js',
  'null',
  '99999999999999999999',
  '__proto__',
  '../',
  'id="',
  '<a>'.repeat(50),
  '['.repeat(2_000),
];

/** Reads so many random and mutated inputs of each kind: each must end in a verdict or a typed error, within the limit. */
export function fuzzInputs({ inputs, seed, limitMs, artifacts }: FuzzOptions): FuzzResult {
  const random = generator(seed);
  const encoder = new TextEncoder();
  const kinds: readonly [kind: string, seeds: readonly string[], read: (text: string) => void][] = [
    ['XML', [XML], (text) => readXml(text)],
    ['JSON', [JSON_FLOW], (text) => readDefinition('application/json', encoder.encode(text))],
    ['YAML', [YAML_FLOW], (text) => readDefinition('application/yaml', encoder.encode(text))],
    ['BPMN', [BPMN, ...artifacts], (text) => readDefinition('application/xml', encoder.encode(text))],
  ];
  const byKind: Record<string, number> = {};
  const failures: string[] = [];
  let slowestMs = 0;
  const heap = process.memoryUsage().heapUsed;
  for (let count = 0; count < inputs; count++) {
    const [kind, seeds, read] = kinds[count % kinds.length] as (typeof kinds)[number];
    const text =
      random() < 0.1 ? randomText(random) : mutated(seeds[Math.floor(random() * seeds.length)] as string, random);
    // CPU: on a busy machine everything takes long.
    const start = process.threadCpuUsage();
    try {
      read(text);
    } catch (error) {
      failures.push(
        `input ${count} (${kind}, seed ${seed}): ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    const { user, system } = process.threadCpuUsage(start);
    const took = (user + system) / 1_000;
    slowestMs = Math.max(slowestMs, took);
    if (took > limitMs) failures.push(`input ${count} (${kind}, seed ${seed}) took ${Math.round(took)} ms`);
    byKind[kind] = (byKind[kind] ?? 0) + 1;
  }
  return { inputs, byKind, slowestMs, heapGrowthBytes: process.memoryUsage().heapUsed - heap, failures };
}

function readDefinition(mediaType: FlowMediaType, content: Uint8Array): void {
  const { flows } = checkFlow({ name: 'input', mediaType, content });
  for (const { verdict, problems } of flows)
    if (verdict === 'refused' && problems.length === 0) throw new Error('refused without a problem');
}

function readXml(text: string): void {
  try {
    parseXml(text);
  } catch (error) {
    const { name } = error as Error;
    if (name !== 'FlowProcessingError') throw error;
  }
}

function mutated(seed: string, random: () => number): string {
  let text = seed;
  for (let edits = 1 + Math.floor(random() * 6); edits > 0; edits--) {
    const at = Math.floor(random() * text.length);
    const cut = Math.floor(random() * 40);
    const insert =
      random() < 0.7 ? (PIECES[Math.floor(random() * PIECES.length)] as string) : randomText(random).slice(0, 8);
    text = text.slice(0, at) + insert + text.slice(at + cut);
  }
  return text;
}

function randomText(random: () => number): string {
  return Array.from({ length: Math.floor(random() * 300) }, () =>
    String.fromCharCode(Math.floor(random() * (random() < 0.8 ? 128 : 65_536))),
  ).join('');
}

/** mulberry32: the same inputs for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
